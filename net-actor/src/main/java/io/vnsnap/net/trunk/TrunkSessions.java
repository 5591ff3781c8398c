package io.vnsnap.net.trunk;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How far each session of another host's trunk has come, so that a new connection of it can go on
 * where the last one broke. Those without a connection are remembered up to a bound, and the one
 * that was opened longest ago is forgotten first; its host then sends again what it has no
 * acknowledgement for, and the gates forget what they had. On the event loop.
 */
final class TrunkSessions {

  /** One session. A host that was restarted begins another one. */
  static final class Session {
    private final Key key;
    private long received;
    private @Nullable TrunkInbound connection;

    private Session(Key key, long received) {
      this.key = key;
      this.received = received;
    }

    /** Name of the sending host. */
    String host() {
      return key.host();
    }

    /** Number of the last record that was taken in. */
    long received() {
      return received;
    }

    void count() {
      received++;
    }
  }

  private record Key(String host, long number) {}

  private final int maxUnconnected;
  private final Map<Key, Session> sessions = new LinkedHashMap<>();
  private int connected;

  /**
   * @param maxUnconnected sessions without a connection that are remembered
   */
  TrunkSessions(int maxUnconnected) {
    this.maxUnconnected = maxUnconnected;
  }

  /**
   * A connection has said which session it continues. An older connection of the session is ended
   * first: nothing that is still in it may come after what the new one brings.
   *
   * @throws NonsenseException if it cannot be continued from where it broke
   */
  Session open(TrunkRecords.Hello hello, TrunkInbound connection) throws NonsenseException {
    Key key = new Key(hello.host(), hello.session());
    Session session = sessions.remove(key);
    if (session == null) {
      session = new Session(key, hello.first() - 1);
    } else if (session.connection != null) {
      session.connection.close();
    }
    sessions.put(key, session);
    if (hello.first() > session.received + 1) {
      throw new NonsenseException(
          "it goes on with record %d, and %d was the last that came"
              .formatted(hello.first(), session.received));
    }
    session.connection = connection;
    connected++;
    forgetOldest();
    return session;
  }

  /** The connection of a session has ended. */
  void ended(Session session, TrunkInbound connection) {
    if (session.connection == connection) {
      session.connection = null;
      connected--;
      forgetOldest();
    }
  }

  private void forgetOldest() {
    Iterator<Session> oldest = sessions.values().iterator();
    while (sessions.size() - connected > maxUnconnected && oldest.hasNext()) {
      if (oldest.next().connection == null) {
        oldest.remove();
      }
    }
  }

  int size() {
    return sessions.size();
  }
}
