import java.security.Principal;
import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.ratelimit.KeyResolver;
import org.springframework.cloud.gateway.filter.ratelimit.RedisRateLimiter;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.reactive.EnableWebFluxSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.security.web.server.SecurityWebFilterChain;

/** What our gateway does of its own, as Spring Cloud Gateway does it: a resource server with the Redis limiter. */
@SpringBootConfiguration
@EnableAutoConfiguration
@EnableWebFluxSecurity
public class Peer {
  private static final int PER_SECOND = 300;
  private static final int BURST = 600;

  public static void main(String[] args) {
    SpringApplication.run(Peer.class, args);
  }

  @Bean
  RouteLocator routes(RouteLocatorBuilder builder, RedisRateLimiter limiter, KeyResolver subject) {
    return builder.routes()
        .route("rank", route -> route.path("/rank/**")
            .filters(filters -> filters
                .requestRateLimiter(limit -> limit.setRateLimiter(limiter).setKeyResolver(subject))
                .filter(named()))
            .uri(System.getenv("UPSTREAM")))
        .build();
  }

  @Bean
  RedisRateLimiter limiter() {
    return new RedisRateLimiter(PER_SECOND, BURST);
  }

  @Bean
  KeyResolver subject() {
    return exchange -> exchange.getPrincipal().map(Principal::getName);
  }

  /** Tells the service who asks. */
  private static GatewayFilter named() {
    return (exchange, chain) -> exchange.getPrincipal()
        .map(who -> exchange.mutate().request(request -> request.header("x-user-id", who.getName())).build())
        .flatMap(chain::filter);
  }

  @Bean
  SecurityWebFilterChain security(ServerHttpSecurity http) {
    return http
        .csrf(ServerHttpSecurity.CsrfSpec::disable)
        .authorizeExchange(any -> any.anyExchange().hasAuthority("SCOPE_read:rank"))
        .oauth2ResourceServer(server -> server.jwt(Customizer.withDefaults()))
        .build();
  }

  @Bean
  ReactiveJwtDecoder decoder() {
    String audience = System.getenv("AUDIENCE");
    NimbusReactiveJwtDecoder decoder = NimbusReactiveJwtDecoder
        .withJwkSetUri(System.getenv("JWKS"))
        .validateType(false)
        .build();
    decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
        new JwtTimestampValidator(),
        new JwtIssuerValidator(System.getenv("ISSUER")),
        new JwtClaimValidator<List<String>>("aud", named -> named != null && named.contains(audience))));
    return decoder;
  }
}
