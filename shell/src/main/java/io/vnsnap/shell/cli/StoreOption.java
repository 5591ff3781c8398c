package io.vnsnap.shell.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.store.pages.StoreSettings;
import io.vnsnap.store.place.Places;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that name a snapshot store. */
final class StoreOption {
  private static final String SETTINGS = "vnsnap.store";

  @Option(
      names = "--store",
      paramLabel = "PLACE",
      description =
          "Folder of the snapshot store, or s3://bucket/prefix (default: that of this machine's"
              + " nodes).")
  private @Nullable String location;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "File of settings, such as the key of an encrypted store.")
  private @Nullable Path config;

  /** Whether one was named. */
  boolean named() {
    return location != null;
  }

  /** A client that asks the store and no node. */
  VnsnapClient client(CliContext context) {
    return new StoreClient(open(context).snapshots());
  }

  /** Opens the one that was named, or that of this machine's nodes. A folder is not made. */
  OpenStore open(CliContext context) {
    String place =
        location == null ? NodeFolders.of(context.environment()).store().toString() : location;
    if (!place.startsWith("s3:") && !Files.isDirectory(Path.of(place))) {
      throw new CommandFailure("there is no snapshot store at " + place + ": name it with --store");
    }
    try {
      Config settings = settings();
      String host = context.environment().getOrDefault("HOSTNAME", "this host");
      return OpenStore.of(Places.open(place, settings), StoreSettings.from(settings, host));
    } catch (IOException | IllegalArgumentException | ConfigException e) {
      throw new CommandFailure(String.valueOf(e.getMessage()), e);
    }
  }

  private Config settings() {
    try {
      Config given =
          config == null
              ? ConfigFactory.empty()
              : ConfigFactory.parseFile(
                  config.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
      return given
          .withFallback(ConfigFactory.defaultReferenceUnresolved())
          .withOnlyPath(SETTINGS)
          .resolve();
    } catch (ConfigException e) {
      throw new CommandFailure("%s: %s".formatted(config, e.getMessage()), e);
    }
  }
}
