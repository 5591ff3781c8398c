package io.vnsnap.coordinator;

import com.typesafe.config.Config;
import java.time.Duration;

/** The settings under {@code vnsnap.coordinator}; reference.conf says what each is for. */
record CoordinatorSettings(
    Timeouts timeouts,
    Duration retryInterval,
    Duration hostGrace,
    Duration passivateAfter,
    LazyFailure onLazyFailure,
    int vneListLimit,
    int journalSnapshotEvery) {

  /** The longest that each step may take. */
  record Timeouts(
      Duration describe,
      Duration deploy,
      Duration go,
      Duration undeploy,
      Duration prepare,
      Duration cut,
      Duration store,
      Duration seal,
      Duration abort,
      Duration snapshot,
      Duration ask) {

    private static Timeouts of(Config config) {
      return new Timeouts(
          config.getDuration("describe"),
          config.getDuration("deploy"),
          config.getDuration("go"),
          config.getDuration("undeploy"),
          config.getDuration("prepare"),
          config.getDuration("cut"),
          config.getDuration("store"),
          config.getDuration("seal"),
          config.getDuration("abort"),
          config.getDuration("snapshot"),
          config.getDuration("ask"));
    }
  }

  /** Reads them from a whole configuration. */
  static CoordinatorSettings of(Config whole) {
    Config config = whole.getConfig("vnsnap.coordinator");
    return new CoordinatorSettings(
        Timeouts.of(config.getConfig("timeouts")),
        config.getDuration("retry-interval"),
        config.getDuration("host-grace"),
        config.getDuration("passivate-after"),
        LazyFailure.of(config.getString("on-lazy-failure")),
        config.getInt("vne-list-limit"),
        config.getInt("journal-snapshot-every"));
  }
}
