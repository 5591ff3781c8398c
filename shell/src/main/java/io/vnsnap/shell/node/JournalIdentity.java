package io.vnsnap.shell.node;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.Member;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.SelfUp;
import akka.cluster.typed.Subscribe;
import com.typesafe.config.Config;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * Which journal a coordinator node writes, as a role of the node in the cluster.
 *
 * <p>Design note. The coordinator of a VNE may come back on any coordinator node and finds there
 * what it had persisted: all of them must have the same journal. With the default journal, a file
 * of the node's own, a second coordinator node would find nothing, and its cluster would forget
 * VNEs that run. So each shows its journal to the others, and a node that joins with another one
 * leaves again, before it has been asked anything.
 */
final class JournalIdentity {
  private static final String PREFIX = "journal-";
  private static final String DATABASE = "akka-persistence-jdbc.shared-databases.vnsnap.db.url";
  private static final String FILE_DATABASE = "jdbc:h2:file:";
  private static final int DIGITS = 16;

  private JournalIdentity() {}

  /**
   * The role of a node with this configuration. A database in a file is another one on each
   * machine.
   *
   * @param address of the node's machine
   */
  static String role(Config config, String address) {
    String url = config.getString(DATABASE);
    String place = url.startsWith(FILE_DATABASE) ? address + " " + url : url;
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(place.getBytes(StandardCharsets.UTF_8));
      return PREFIX + HexFormat.of().formatHex(digest).substring(0, DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * Looks once, when this coordinator node is a member of the cluster, and says why it must leave
   * if it must.
   */
  static Behavior<SelfUp> guard(Consumer<String> leave) {
    return Behaviors.setup(context -> {
      Cluster cluster = Cluster.get(context.getSystem());
      cluster.subscriptions().tell(Subscribe.create(context.getSelf(), SelfUp.class));
      return Behaviors.receiveMessage(up -> {
        Member self = cluster.selfMember();
        StreamSupport.stream(up.currentClusterState().getMembers().spliterator(), false)
            .filter(member -> member.isOlderThan(self))
            .flatMap(older -> conflict(self, older).stream())
            .findFirst()
            .ifPresent(leave);
        return Behaviors.stopped();
      });
    });
  }

  private static Optional<String> conflict(Member self, Member older) {
    return older.hasRole(NodeOptions.COORDINATOR) && !journalOf(older).equals(journalOf(self))
        ? Optional.of(
            "the coordinators of this cluster, at %s for one, keep another journal: "
                    .formatted(older.address().hostPort())
                + "start this node with --role host, or give all coordinators one database")
        : Optional.empty();
  }

  private static Set<String> journalOf(Member member) {
    return member.getRoles().stream()
        .filter(role -> role.startsWith(PREFIX))
        .collect(Collectors.toSet());
  }
}
