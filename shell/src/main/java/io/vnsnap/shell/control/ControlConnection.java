package io.vnsnap.shell.control;

import com.google.protobuf.ByteString;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.ControlRequest;
import io.vnsnap.proto.ControlResponse;
import io.vnsnap.proto.Deleted;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.VnsnapClient;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection. Design note: automatic reading is off, and the next request is read when
 * the last one has been answered, so a client that sends faster is slowed by its socket. A
 * connection that has attached to a console serves nothing else; its input is read piece by piece
 * as the console takes it, and its output waits in a {@link ConsoleOutbox} while the socket is
 * full.
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // Netty tells of failures by listener and exceptionCaught
final class ControlConnection extends SimpleChannelInboundHandler<ControlRequest> {
  private static final Logger LOG = LoggerFactory.getLogger(ControlConnection.class);

  /** Of the control protocol. */
  static final int VERSION = 1;

  private final VnsnapClient client;
  private final ControlSettings settings;
  private final ConsoleOutbox outbox;
  private @Nullable ConsoleSession console;
  private @Nullable Future<?> idle;

  ControlConnection(VnsnapClient client, ControlSettings settings) {
    super(ControlRequest.class);
    this.client = client;
    this.settings = settings;
    this.outbox = new ConsoleOutbox(settings.consoleBufferBytes());
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    awaitRequest(ctx);
  }

  private void awaitRequest(ChannelHandlerContext ctx) {
    idle =
        ctx.executor()
            .schedule(
                () -> {
                  ctx.close();
                },
                settings.idleTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
    readNext(ctx);
  }

  /**
   * In a turn of its own: a read asked for while one is being handed on is forgotten by the
   * channel.
   */
  private static void readNext(ChannelHandlerContext ctx) {
    ctx.executor().execute(ctx::read);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, ControlRequest request) {
    if (idle != null) {
      idle.cancel(false);
      idle = null;
    }
    if (request.getVersion() != VERSION) {
      refuseAndClose(
          ctx,
          "this node speaks version %d of the control protocol, the command version %d: use the vnsnap command of the node's version"
              .formatted(VERSION, request.getVersion()));
    } else if (console != null) {
      onConsoleRequest(ctx, console, request);
    } else if (request.hasConsole()) {
      attach(ctx, request.getConsole());
    } else {
      answered(request).whenComplete((response, failure) -> reply(ctx, response, failure));
    }
  }

  /** Asks the client. Never throws. */
  private CompletionStage<ControlResponse> answered(ControlRequest request) {
    try {
      return ask(request);
    } catch (RuntimeException e) {
      LOG.error("request {} failed", request.getKindCase(), e);
      return CompletableFuture.failedFuture(e);
    }
  }

  private CompletionStage<ControlResponse> ask(ControlRequest request) {
    ControlResponse.Builder to = ControlResponse.newBuilder();
    return switch (request.getKindCase()) {
      case VNE -> client.request(request.getVne()).thenApply(r -> to.setVne(r).build());
      case LIST_VNES -> client.vnes().thenApply(r -> to.setVnes(r).build());
      case LIST_HOSTS -> client.hosts().thenApply(r -> to.setHosts(r).build());
      case LIST_SNAPSHOTS -> client.snapshots().thenApply(r -> to.setSnapshots(r).build());
      case GET_SNAPSHOT ->
          client
              .snapshot(request.getGetSnapshot().getSnapshotId())
              .thenApply(r -> to.setSnapshot(r).build());
      case DELETE_SNAPSHOT ->
          client
              .deleteSnapshot(request.getDeleteSnapshot().getSnapshotId())
              .thenApply(r -> to.setDeleted(Deleted.getDefaultInstance()).build());
      case RESTORE_SNAPSHOT ->
          client
              .restore(
                  request.getRestoreSnapshot().getSnapshotId(),
                  request.getRestoreSnapshot().getPlacementMap(),
                  request.getRestoreSnapshot().getLoading())
              .thenApply(r -> to.setVne(r).build());
      case CONSOLE, KIND_NOT_SET ->
          CompletableFuture.completedFuture(
              ControlResponses.refused(
                  RefusalCode.NOT_POSSIBLE,
                  "this node does not know that request: use the vnsnap command of the node's version"));
    };
  }

  private void reply(
      ChannelHandlerContext ctx, @Nullable ControlResponse response, @Nullable Throwable failure) {
    ControlResponse reply =
        response != null && failure == null
            ? withinLimit(response)
            : ControlResponses.failed(
                failure != null ? failure : new IllegalStateException("no answer"));
    ctx.writeAndFlush(reply)
        .addListener(written -> {
          if (written.isSuccess()) {
            awaitRequest(ctx);
          } else {
            LOG.debug("a client went away before its answer: {}", written.cause().toString());
            ctx.close();
          }
        });
  }

  private ControlResponse withinLimit(ControlResponse response) {
    int bytes = response.getSerializedSize();
    return bytes <= settings.maxResponseBytes()
        ? response
        : ControlResponses.refused(
            RefusalCode.NOT_POSSIBLE,
            "the answer has %d bytes, the limit is %d (vnsnap.shell.control.max-response-size)"
                .formatted(bytes, settings.maxResponseBytes()));
  }

  private void attach(ChannelHandlerContext ctx, ConsoleRequest request) {
    if (!request.hasAttach()) {
      refuseAndClose(ctx, "the first request about a console must be to attach to it");
      return;
    }
    try {
      console = client.console(request.getVne(), request.getVm(), new Outlet(ctx));
    } catch (RuntimeException e) {
      LOG.error("cannot attach to the console of {}/{}", request.getVne(), request.getVm(), e);
      ctx.writeAndFlush(ControlResponses.failed(e)).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    readNext(ctx);
  }

  private void onConsoleRequest(
      ChannelHandlerContext ctx, ConsoleSession session, ControlRequest request) {
    ConsoleRequest console = request.getConsole();
    if (console.hasDetach()) {
      ctx.close();
    } else if (!console.hasInput()
        || console.getInput().getData().size() > ConsoleSession.MAX_INPUT_BYTES) {
      refuseAndClose(
          ctx,
          "a connection to a console takes at most %d bytes of input at a time, and nothing else"
              .formatted(ConsoleSession.MAX_INPUT_BYTES));
    } else {
      session.input(console.getInput().getData()).whenComplete((done, failure) -> readNext(ctx));
    }
  }

  private void refuseAndClose(ChannelHandlerContext ctx, String reason) {
    ctx.writeAndFlush(ControlResponses.refused(RefusalCode.NOT_POSSIBLE, reason))
        .addListener(ChannelFutureListener.CLOSE);
  }

  /** Writes what waits for as long as the socket takes it. On the event loop. */
  private void drain(ChannelHandlerContext ctx) {
    boolean written = false;
    while (ctx.channel().isActive() && ctx.channel().isWritable()) {
      ConsoleOutput output = outbox.take();
      if (output == null) {
        break;
      }
      ChannelFuture write = ctx.write(ControlResponse.newBuilder().setConsole(output).build());
      written = true;
      if (!output.getClosedReason().isEmpty()) {
        write.addListener(ChannelFutureListener.CLOSE);
        break;
      }
    }
    if (written) {
      ctx.flush();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    drain(ctx);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (idle != null) {
      idle.cancel(false);
    }
    if (console != null) {
      console.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof DecoderException) {
      LOG.warn("a client of the control socket sent no request: {}", cause.getMessage());
      refuseAndClose(ctx, "not a request of the control protocol: " + cause.getMessage());
      return;
    }
    if (!(cause instanceof IOException)) {
      LOG.error("connection to the control socket failed", cause);
    }
    ctx.close();
  }

  /** Takes the console's output on any thread. */
  private final class Outlet implements ConsoleListener {
    private final ChannelHandlerContext ctx;
    private final AtomicBoolean woken = new AtomicBoolean();

    Outlet(ChannelHandlerContext ctx) {
      this.ctx = ctx;
    }

    @Override
    public void output(ByteString data, long skippedBytes) {
      outbox.add(data, skippedBytes);
      wake();
    }

    @Override
    public void closed(String reason) {
      outbox.close(reason);
      wake();
    }

    /** At most one turn of the event loop waits at a time, however fast the console speaks. */
    private void wake() {
      if (woken.compareAndSet(false, true)) {
        ctx.executor()
            .execute(() -> {
              woken.set(false);
              drain(ctx);
            });
      }
    }
  }
}
