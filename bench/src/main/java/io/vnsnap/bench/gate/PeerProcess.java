package io.vnsnap.bench.gate;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The second JVM, from the first one's side. */
final class PeerProcess implements AutoCloseable {
  private static final long END_SECONDS = 10;
  private static final long PATIENCE_SECONDS = 60;

  private final Process process;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final PrintWriter orders;
  private final int port;

  /** Starts it with the flags of this JVM. */
  PeerProcess(Path socket, boolean relay)
      throws IOException, BenchmarkException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> !flag.startsWith("-agentlib") && !flag.startsWith("-XX:StartFlight"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "gate-peer",
            "--socket",
            socket.toString()));
    if (relay) {
      command.add("--relay");
    }
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Thread.ofPlatform().daemon().name("bench-peer").start(this::read);
    orders = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    port = Integer.parseInt(expect("port")[1]);
  }

  /** Of its relay or trunk. */
  int port() {
    return port;
  }

  /** Has an order carried out that is answered without more. */
  void order(String order) throws BenchmarkException, InterruptedException {
    orders.println(order);
    String[] unused = expect("ok");
  }

  LoopUse use() throws BenchmarkException, InterruptedException {
    orders.println("use");
    String[] answer = expect("use");
    return new LoopUse(Long.parseLong(answer[1]), Long.parseLong(answer[2]));
  }

  long lost() throws BenchmarkException, InterruptedException {
    orders.println("lost");
    return Long.parseLong(expect("lost")[1]);
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        answers.add(line);
      }
    } catch (IOException e) {
      System.err.println("bench: the second JVM: " + e.getMessage());
    }
    answers.add("ended");
  }

  /** The next answer of this kind; what else the process prints before it is passed over. */
  private String[] expect(String kind) throws BenchmarkException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (true) {
      String line = answers.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (line == null || line.equals("ended")) {
        throw new BenchmarkException(
            line == null ? "the second JVM does not answer" : "the second JVM has ended");
      }
      String[] words = line.split(" ");
      if (words[0].equals(kind)) {
        return words;
      }
    }
  }

  @Override
  public void close() {
    orders.close();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
