package io.vnsnap.shell.node;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import io.vnsnap.host.HostContext;
import io.vnsnap.store.pages.PageStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class RehearsalTest {
  private final Resources resources = new Resources();
  private final Path folder;

  RehearsalTest() throws IOException {
    folder = Files.createTempDirectory(Path.of("/tmp"), "vnr"); // short, for sockets lie in it
    resources.add(() -> removeTree(folder));
  }

  @AfterEach
  void close() {
    resources.close();
  }

  private static void removeTree(Path root) throws IOException {
    try (var all = Files.walk(root)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  @Test
  void shouldKeepOutOfTheFoldersOfAVneThatIsCalledTheSame() throws IOException {
    NodeOptions options =
        new NodeOptions(
            "a",
            Set.of(NodeOptions.HOST),
            new NodeOptions.Network("127.0.0.1", "127.0.0.1", 0, 0, List.of()),
            new NodeOptions.Places(
                folder.resolve("a.sock"),
                folder.resolve("s"),
                folder.resolve("t"),
                Optional.empty()),
            64,
            NodeOptions.SIMULATED);
    Config config = NodeConfig.of(options);
    StateFolder state = resources.add(StateFolder.claim(options.places().state()));
    ExecutorService blocking = Executors.newCachedThreadPool();
    resources.add(blocking::shutdownNow);
    PageStore store = resources.add(PageStore.open(options.places().store(), config, "a"));
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "vnsnap", config);
    resources.add(() -> {
      system.terminate();
      system.getWhenTerminated().toCompletableFuture().join();
    });
    HostContext host =
        HostParts.open(
            options,
            config,
            state,
            new HostContext.Shared(store, blocking, report -> {}),
            resources);
    Path vm = Files.createDirectories(state.run().resolve("rehearsal-1").resolve("vm1"));
    Path socket = Files.createFile(vm.resolve("console"));

    boolean rehearsed =
        new Rehearsal(system, host).run(HostParts.simulated(config, blocking, resources));

    assertThat(rehearsed).isTrue();
    assertThat(socket).exists();
    assertThat(store.list().snapshots()).isEmpty();
    assertThat(store.list().damaged()).isEmpty();
  }
}
