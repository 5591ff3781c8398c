package io.vnsnap.coordinator;

import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import akka.persistence.jdbc.query.javadsl.JdbcReadJournal;
import akka.persistence.query.PersistenceQuery;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.proto.wire.ToVneDirectory;
import java.util.List;

/** Tells which VNEs the journal knows. One on each coordinator node, found by any node. */
final class VneDirectory extends AbstractBehavior<ToVneDirectory> {
  static final ServiceKey<ToVneDirectory> SERVICE =
      ServiceKey.create(ToVneDirectory.class, "vnsnap-vne-directory");

  private static final String PREFIX = VneCoordinator.persistenceId("").id();

  private record NamesRead(List<String> names, ActorRef<VneList> replyTo)
      implements ToVneDirectory.Private {}

  private record NotRead(Throwable cause) implements ToVneDirectory.Private {}

  private final Source<String, NotUsed> persistenceIds;
  private final int limit;

  private VneDirectory(
      ActorContext<ToVneDirectory> context, Source<String, NotUsed> persistenceIds, int limit) {
    super(context);
    this.persistenceIds = persistenceIds;
    this.limit = limit;
  }

  /**
   * The directory of this node, which registers itself.
   *
   * @param queriesPlugin id of the read journal's plugin
   * @param limit most names in one list
   */
  static Behavior<ToVneDirectory> create(String queriesPlugin, int limit) {
    return Behaviors.setup(context -> {
      ActorSystem<?> system = context.getSystem();
      JdbcReadJournal journal =
          PersistenceQuery.get(system).getReadJournalFor(JdbcReadJournal.class, queriesPlugin);
      system.receptionist().tell(Receptionist.register(SERVICE, context.getSelf()));
      return new VneDirectory(context, journal.currentPersistenceIds(), limit);
    });
  }

  @Override
  public Receive<ToVneDirectory> createReceive() {
    return newReceiveBuilder()
        .onMessage(ToVneDirectory.ListNames.class, this::onListNames)
        .onMessage(NamesRead.class, this::onNamesRead)
        .onMessage(NotRead.class, this::onNotRead)
        .build();
  }

  private Behavior<ToVneDirectory> onListNames(ToVneDirectory.ListNames ask) {
    getContext()
        .pipeToSelf(
            persistenceIds
                .filter(id -> id.startsWith(PREFIX))
                .take(limit + 1L)
                .runWith(Sink.seq(), getContext().getSystem()),
            (ids, failure) ->
                failure == null ? new NamesRead(ids, ask.replyTo()) : new NotRead(failure));
    return this;
  }

  private Behavior<ToVneDirectory> onNamesRead(NamesRead read) {
    if (read.names().size() > limit) {
      getContext()
          .getLog()
          .warn("only {} VNEs are listed; raise vnsnap.coordinator.vne-list-limit", limit);
    }
    VneList.Builder list = VneList.newBuilder();
    read.names().stream()
        .limit(limit)
        .map(id -> id.substring(PREFIX.length()))
        .sorted()
        .forEach(name -> list.addVnes(VneStatus.newBuilder().setVne(name)));
    read.replyTo().tell(list.build());
    return this;
  }

  /** Who asked gives up by its own time limit. */
  private Behavior<ToVneDirectory> onNotRead(NotRead failed) {
    getContext().getLog().error("the journal cannot be read", failed.cause());
    return this;
  }
}
