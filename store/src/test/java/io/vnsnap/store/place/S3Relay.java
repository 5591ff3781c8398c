package io.vnsnap.store.place;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Stands between a place and its S3 server, and fails the n-th request by a chosen fault. */
final class S3Relay implements AutoCloseable {

  /** How it fails. */
  enum Fault {
    NONE,
    /** The server is busy, once. */
    BUSY,
    /** The server does what is asked, but its answer is lost, once. */
    ANSWER_LOST,
    /** The server is gone: neither this request nor any later one reaches it. */
    GONE,
    /** The server does what is asked and is gone before it has said so. */
    GONE_AFTERWARDS,
    /** The server does not know conditions, of no request. */
    UNCONDITIONAL,
    /** The server does not know conditions, of the end of an upload in parts. */
    UNCONDITIONAL_PARTS
  }

  private static final Set<String> NOT_PASSED_ON =
      Set.of("host", "connection", "content-length", "expect", "upgrade", "transfer-encoding");
  private static final int SERVICE_UNAVAILABLE = 503;

  private final URI server;
  private final HttpServer relay;
  private final HttpClient client = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private Fault fault = Fault.NONE;
  private int failing;
  private int requests;

  S3Relay(URI server) throws IOException {
    this.server = server;
    this.relay = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    relay.setExecutor(threads);
    relay.createContext("/", this::serve);
    relay.start();
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + relay.getAddress().getPort());
  }

  /** Counts from now on; the request with the number fails. */
  synchronized void fail(Fault how, int number) {
    fault = how;
    failing = number;
    requests = 0;
  }

  /** Requests since {@link #fail}. */
  synchronized int requests() {
    return requests;
  }

  private synchronized Fault next() {
    requests++;
    return switch (fault) {
      case NONE, UNCONDITIONAL, UNCONDITIONAL_PARTS -> fault;
      case BUSY, ANSWER_LOST -> requests == failing ? fault : Fault.NONE;
      case GONE -> requests >= failing ? Fault.GONE : Fault.NONE;
      case GONE_AFTERWARDS -> {
        if (requests == failing) {
          yield Fault.GONE_AFTERWARDS;
        }
        yield requests > failing ? Fault.GONE : Fault.NONE;
      }
    };
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      Fault now = next();
      if (now == Fault.GONE) {
        return; // Closes the connection without an answer.
      }
      if (now == Fault.BUSY) {
        exchange.sendResponseHeaders(SERVICE_UNAVAILABLE, -1);
        return;
      }
      HttpResponse<byte[]> answer = ask(exchange, body, now);
      if (now != Fault.ANSWER_LOST && now != Fault.GONE_AFTERWARDS) {
        answer(exchange, answer);
      }
    }
  }

  private HttpResponse<byte[]> ask(HttpExchange exchange, byte[] body, Fault now)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(server.resolve(exchange.getRequestURI()))
            .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
    boolean endOfParts = exchange.getRequestMethod().equals("POST");
    boolean unconditional =
        now == Fault.UNCONDITIONAL || (now == Fault.UNCONDITIONAL_PARTS && endOfParts);
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> {
          String lower = name.toLowerCase(Locale.ROOT);
          boolean dropped = unconditional && lower.equals("if-none-match");
          if (!NOT_PASSED_ON.contains(lower) && !dropped) {
            values.forEach(value -> request.header(name, value));
          }
        });
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static void answer(HttpExchange exchange, HttpResponse<byte[]> answer)
      throws IOException {
    answer
        .headers()
        .map()
        .forEach((name, values) -> {
          if (!NOT_PASSED_ON.contains(name.toLowerCase(Locale.ROOT))) {
            values.forEach(value -> exchange.getResponseHeaders().add(name, value));
          }
        });
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (head) {
      answer
          .headers()
          .firstValue("content-length")
          .ifPresent(length -> exchange.getResponseHeaders().set("Content-Length", length));
    }
    int length = answer.body().length;
    exchange.sendResponseHeaders(answer.statusCode(), head || length == 0 ? -1 : length);
    if (!head && length > 0) {
      exchange.getResponseBody().write(answer.body());
    }
  }

  @Override
  public void close() {
    relay.stop(0);
    threads.close();
    client.close();
  }
}
