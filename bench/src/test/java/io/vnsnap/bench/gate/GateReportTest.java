package io.vnsnap.bench.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class GateReportTest {
  private static RouteResult route(String name, double rate, Latency latency) {
    return new RouteResult(name, List.of(rate, 2 * rate, 3 * rate), 50, 0.1, latency);
  }

  private static final GateReport REPORT =
      new GateReport(
          3,
          List.of(
              new SizeResult(
                  64,
                  List.of(
                      route("relay", 1e6, new Latency(20, 90)),
                      route("gates", 0.9e6, new Latency(21, 95)),
                      route("gates-recording", 0.72e6, Latency.NONE),
                      route("relay-tcp", 0.5e6, new Latency(50, 200)),
                      route("gates-trunk", 0.4e6, new Latency(55, 190)),
                      route("gates-trunk-recording", 0.3e6, Latency.NONE)))));

  @Test
  void shouldCompareEachRouteWithItsBaseline() {
    ObjectNode routes = (ObjectNode) REPORT.json().at("/sizes/0/routes");
    assertThat(routes.at("/gates/ratio").doubleValue()).isEqualTo(0.9);
    assertThat(routes.at("/gates/comparedWith").textValue()).isEqualTo("relay");
    assertThat(routes.at("/gates/latencyMicros/addedP99").doubleValue()).isEqualTo(5);
    assertThat(routes.at("/gates-recording/ratio").doubleValue()).isBetween(0.799, 0.801);
    assertThat(routes.at("/gates-recording").has("latencyMicros")).isFalse();
    assertThat(routes.at("/gates-trunk/comparedWith").textValue()).isEqualTo("relay-tcp");
    assertThat(routes.at("/gates-trunk/ratio").doubleValue()).isEqualTo(0.8);
    assertThat(routes.at("/gates-trunk-recording/comparedWith").textValue())
        .isEqualTo("gates-trunk");
    assertThat(routes.at("/relay/gigabitsPerSecond").doubleValue()).isEqualTo(2e6 * 64 * 8 / 1e9);
  }

  @Test
  void shouldPrintOneLineForEachRoute() {
    StringWriter text = new StringWriter();
    REPORT.print(new PrintWriter(text));
    assertThat(text.toString().lines())
        .anyMatch(
            line -> line.startsWith("gates ") && line.contains("0.90") && line.contains("1/5"))
        .anyMatch(line -> line.startsWith("gates-recording") && line.contains("-/-"));
  }
}
