import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.opensearch.Version;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.PluginInfo;

/**
 * One OpenSearch node in a plain JVM, its plugins on the class path: no installer, no bootstrap checks, no agent.
 * java -cp lib/… OsNode HOME HTTP_PORT TRANSPORT_PORT
 */
public final class OsNode {
    private static final String NAME = "maru-1";
    private static final int STOP_WITHIN_SECONDS = 15;

    private static final List<String> PLUGINS = List.of(
        "org.opensearch.transport.Netty4ModulePlugin",
        "org.opensearch.analysis.common.CommonAnalysisModulePlugin",
        "org.opensearch.index.reindex.ReindexModulePlugin",
        "org.opensearch.painless.PainlessModulePlugin",
        "org.opensearch.index.mapper.MapperExtrasModulePlugin",
        "org.opensearch.plugin.analysis.nori.AnalysisNoriPlugin");

    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]).toAbsolutePath();
        for (String folder : List.of("config", "data", "logs", "repo")) Files.createDirectories(home.resolve(folder));
        Settings settings = settings(home, args[1], args[2]);
        LocalNode node = new LocalNode(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> NAME));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        System.out.println("OpenSearch " + Version.CURRENT + " listens on 127.0.0.1:" + args[1]);
        // Every OpenSearch thread is a daemon: without this the JVM would exit here.
        Thread.currentThread().join();
    }

    private static Settings settings(Path home, String http, String transport) {
        return Settings.builder()
            .put("path.home", home)
            .put("path.data", home.resolve("data"))
            .put("path.logs", home.resolve("logs"))
            .putList("path.repo", home.resolve("repo").toString())
            .put("cluster.name", "maru")
            .put("node.name", NAME)
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", http)
            .put("transport.port", transport)
            .put("node.processors", 2)
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .put("action.auto_create_index", false)
            .build();
    }

    private static void close(LocalNode node) {
        try {
            node.close();
            node.awaitClose(STOP_WITHIN_SECONDS, TimeUnit.SECONDS);
        } catch (Exception failure) {
            failure.printStackTrace();
        }
    }

    private static final class LocalNode extends Node {
        LocalNode(Environment environment) {
            super(environment, PLUGINS.stream().map(LocalNode::describe).toList(), true);
        }

        private static PluginInfo describe(String plugin) {
            String java = Integer.toString(Runtime.version().feature());
            return new PluginInfo(plugin, "on the class path", "NA", Version.CURRENT, java, plugin, List.of(), false);
        }
    }
}
