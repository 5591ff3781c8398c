package io.vnsnap.proto.wire;

import akka.actor.ExtendedActorSystem;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorRefResolver;
import akka.actor.typed.javadsl.Adapter;
import akka.serialization.SerializerWithStringManifest;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.Envelope;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneState;
import java.io.NotSerializableException;
import java.util.Map;

/**
 * Akka serializer for everything of ours that travels between hosts or is journalled: the generated
 * messages listed here under a fixed manifest each, and {@link ToVne}, {@link ToHost} and {@link
 * ToVneDirectory} as an {@link Envelope} around one.
 *
 * <p>Manifests are stored in journals: never change or reuse one.
 */
public final class WireSerializer extends SerializerWithStringManifest {
  private static final int IDENTIFIER = 7_661_001;

  /** Manifest to parser of the messages that travel or are stored bare. */
  private static final Map<String, Parser<? extends MessageLite>> BARE =
      Map.of(
          "vne-reply", VneReply.parser(),
          "vne-event", VneEvent.parser(),
          "vne-state", VneState.parser(),
          "host-description", HostDescription.parser(),
          "console-output", ConsoleOutput.parser(),
          "vne-list", VneList.parser());

  private final ActorRefResolver resolver;

  /** Called by Akka, which finds this class in its configuration. */
  public WireSerializer(ExtendedActorSystem system) {
    this.resolver = ActorRefResolver.get(Adapter.toTyped(system));
  }

  @Override
  public int identifier() {
    return IDENTIFIER;
  }

  @Override
  public String manifest(Object message) {
    return switch (message) {
      case ToVne.Ask ask -> "vne-ask";
      case ToVne.Report report -> "vne-report";
      case ToHost.Order order -> "host-order";
      case ToHost.Describe describe -> "host-describe";
      case ToHost.Console console -> "host-console";
      case ToVneDirectory.ListNames list -> "directory-list-names";
      case VneReply reply -> "vne-reply";
      case VneEvent event -> "vne-event";
      case VneState state -> "vne-state";
      case HostDescription description -> "host-description";
      case ConsoleOutput output -> "console-output";
      case VneList list -> "vne-list";
      default -> throw new IllegalArgumentException("not a wire message: " + message.getClass());
    };
  }

  @Override
  public byte[] toBinary(Object message) {
    return switch (message) {
      case ToVne.Ask ask -> envelope(ask.request(), ask.replyTo());
      case ToVne.Report report -> report.report().toByteArray();
      case ToHost.Order order -> order.order().toByteArray();
      case ToHost.Describe describe ->
          envelope(HostDescription.getDefaultInstance(), describe.replyTo());
      case ToHost.Console console -> envelope(console.request(), console.replyTo());
      case ToVneDirectory.ListNames list -> envelope(VneList.getDefaultInstance(), list.replyTo());
      case MessageLite bare -> bare.toByteArray();
      default -> throw new IllegalArgumentException("not a wire message: " + message.getClass());
    };
  }

  @Override
  public Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
    try {
      return switch (manifest) {
        case "vne-ask" -> {
          Envelope envelope = Envelope.parseFrom(bytes);
          yield new ToVne.Ask(VneRequest.parseFrom(envelope.getPayload()), replyTo(envelope));
        }
        case "vne-report" -> new ToVne.Report(HostReport.parseFrom(bytes));
        case "host-order" -> new ToHost.Order(HostOrder.parseFrom(bytes));
        case "host-describe" -> new ToHost.Describe(replyTo(Envelope.parseFrom(bytes)));
        case "host-console" -> {
          Envelope envelope = Envelope.parseFrom(bytes);
          yield new ToHost.Console(
              ConsoleRequest.parseFrom(envelope.getPayload()), replyTo(envelope));
        }
        case "directory-list-names" ->
            new ToVneDirectory.ListNames(replyTo(Envelope.parseFrom(bytes)));
        default -> bare(bytes, manifest);
      };
    } catch (InvalidProtocolBufferException e) {
      throw unreadable("damaged message with manifest " + manifest, e);
    }
  }

  private static Object bare(byte[] bytes, String manifest)
      throws NotSerializableException, InvalidProtocolBufferException {
    Parser<? extends MessageLite> parser = BARE.get(manifest);
    if (parser == null) {
      throw new NotSerializableException(
          "unknown manifest " + manifest + ": a node of another version?");
    }
    return parser.parseFrom(bytes);
  }

  private byte[] envelope(MessageLite payload, ActorRef<?> replyTo) {
    return Envelope.newBuilder()
        .setPayload(ByteString.copyFrom(payload.toByteArray()))
        .setReplyTo(resolver.toSerializationFormat(replyTo))
        .build()
        .toByteArray();
  }

  private <T> ActorRef<T> replyTo(Envelope envelope) {
    return resolver.resolveActorRef(envelope.getReplyTo());
  }

  private static NotSerializableException unreadable(String what, Exception cause) {
    NotSerializableException e = new NotSerializableException(what);
    e.initCause(cause);
    return e;
  }
}
