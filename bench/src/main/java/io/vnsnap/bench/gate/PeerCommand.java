package io.vnsnap.bench.gate;

import io.vnsnap.bench.BenchmarkException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The second JVM of {@code vnsnap bench gate}: started by it, told what to do line by line on its
 * standard input, and gone when that ends.
 */
@Command(name = "gate-peer", hidden = true, description = "The other JVM of bench gate.")
public final class PeerCommand implements Callable<Integer> {
  /** Names of the two hosts: the first one sends. */
  static final List<String> HOSTS = List.of("a", "b");

  @Option(names = "--relay", description = "Be the plain relay rather than the network.")
  private boolean relay;

  @Option(names = "--socket", required = true, description = "Socket of the receiving guest.")
  private Path socket = Path.of("");

  @Spec private @Nullable CommandSpec spec;

  /** For picocli. */
  public PeerCommand() {}

  @Override
  public Integer call() throws BenchmarkException, IOException, InterruptedException {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    if (relay) {
      try (PlainRelay plain = PlainRelay.fromPort(socket)) {
        say(out, "port " + plain.port());
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          say(out, use(PlainRelay.THREADS));
        }
      }
    } else {
      try (Network network = new Network()) {
        say(out, "port " + network.trunkPort());
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          say(out, obey(network, line.split(" ")));
        }
      }
    }
    return 0;
  }

  private String obey(Network network, String[] order)
      throws BenchmarkException, InterruptedException {
    switch (order[0]) {
      case "start" -> network.start("b", HOSTS, Map.of(1, socket), Integer.parseInt(order[1]));
      case "record" -> network.record(Integer.parseInt(order[1]));
      case "abort" -> network.abort(Integer.parseInt(order[1]));
      case "lost" -> {
        return "lost " + network.lost();
      }
      default -> {
        return use(Network.THREADS);
      }
    }
    return "ok";
  }

  private static String use(String threads) {
    LoopUse use = LoopUse.ofThreads(threads);
    return "use " + use.cpuNanos() + " " + use.allocatedBytes();
  }

  private static void say(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }
}
