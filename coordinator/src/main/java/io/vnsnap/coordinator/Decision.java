package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the coordinator does about one message: events first, and once they are durable, all the
 * rest. Built in one expression by the class that decides, carried out by {@link VneCoordinator}.
 */
final class Decision {

  /** An order and whom it is for. */
  record Sending(String host, HostOrder order) {}

  /** An answer, made from the state after the events. */
  record Answer(ActorRef<VneReply> client, Function<Vne, VneReply> reply) {}

  private final Operation next;
  private final List<VneEvent> events = new ArrayList<>();
  private final List<Sending> sendings = new ArrayList<>();
  private final List<Answer> answers = new ArrayList<>();
  private Optional<Duration> deadline = Optional.empty();
  private boolean describeHosts;
  private String note = "";

  private Decision(Operation next) {
    this.next = next;
  }

  /** The coordinator goes on with this operation. */
  static Decision to(Operation next) {
    return new Decision(next);
  }

  Decision persist(VneEvent event) {
    events.add(event);
    return this;
  }

  Decision persistAll(Collection<VneEvent> more) {
    events.addAll(more);
    return this;
  }

  Decision order(String host, HostOrder order) {
    sendings.add(new Sending(host, order));
    return this;
  }

  Decision orderAll(Collection<String> hosts, HostOrder order) {
    hosts.forEach(host -> order(host, order));
    return this;
  }

  /** Orders that go out before those decided so far. */
  Decision orderAllFirst(Collection<String> hosts, HostOrder order) {
    sendings.addAll(0, hosts.stream().map(host -> new Sending(host, order)).toList());
    return this;
  }

  Decision reply(ActorRef<VneReply> client, VneReply reply) {
    answers.add(new Answer(client, vne -> reply));
    return this;
  }

  Decision replyAll(Collection<ActorRef<VneReply>> clients, Function<Vne, VneReply> reply) {
    clients.forEach(client -> answers.add(new Answer(client, reply)));
    return this;
  }

  /** The operation's step must end within this; replaces the deadline of the step before. */
  Decision within(Duration limit) {
    deadline = Optional.of(limit);
    return this;
  }

  /** Hosts shall be asked what they have. */
  Decision describeHosts() {
    describeHosts = true;
    return this;
  }

  /** One line for the log. */
  Decision note(String line) {
    note = line;
    return this;
  }

  Operation next() {
    return next;
  }

  List<VneEvent> events() {
    return events;
  }

  List<Sending> sendings() {
    return sendings;
  }

  List<Answer> answers() {
    return answers;
  }

  Optional<Duration> deadline() {
    return deadline;
  }

  boolean asksHosts() {
    return describeHosts;
  }

  String line() {
    return note;
  }
}
