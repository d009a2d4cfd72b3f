import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;

/** Counts page views by title in windows of 10 s, as Kafka Streams does it by default: RocksDB with a changelog. */
public class Peer {
  public record View(String contentId, long ts) {}

  private static final Duration WINDOW = Duration.ofSeconds(10);
  private static final Duration GRACE = Duration.ofSeconds(60);

  public static void main(String[] args) {
    String topic = System.getenv("TOPIC");
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(topic, Consumed.with(Serdes.String(), Serdes.ByteArray())
            .withTimestampExtractor((record, previous) -> parsed((byte[]) record.value()).ts()))
        .groupByKey(Grouped.with(Serdes.String(), Serdes.ByteArray()))
        .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW, GRACE))
        .count(Materialized.as("counts"));
    KafkaStreams streams = new KafkaStreams(builder.build(), settings());
    streams.start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      tell(streams);
      streams.close(Duration.ofSeconds(2));
    }));
  }

  /** Leaves the sum of all counts in a file, so that it can be compared. */
  private static void tell(KafkaStreams streams) {
    ReadOnlyWindowStore<String, Long> counts =
        streams.store(StoreQueryParameters.fromNameAndType("counts", QueryableStoreTypes.windowStore()));
    long sum = 0;
    try (KeyValueIterator<Windowed<String>, Long> all = counts.all()) {
      while (all.hasNext()) {
        sum += all.next().value;
      }
      Files.writeString(Path.of(System.getenv("STATE"), "counted"), String.valueOf(sum));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final ObjectReader VIEWS = new ObjectMapper()
      .readerFor(View.class)
      .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private static View parsed(byte[] value) {
    try {
      return VIEWS.readValue(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Properties settings() {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, System.getenv("GROUP"));
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("KAFKA"));
    settings.put(StreamsConfig.STATE_DIR_CONFIG, System.getenv("STATE"));
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    // A ranking is at most a second old.
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    return settings;
  }
}
