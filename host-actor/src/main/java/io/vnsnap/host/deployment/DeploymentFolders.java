package io.vnsnap.host.deployment;

import io.vnsnap.host.HostContext;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * Where a deployment keeps what lives outside the process: one folder per VM for sockets, one for
 * disks. Names have been checked to be plain words before they come here.
 *
 * @param vne name of the VNE
 * @param generation of the deployment
 * @param run folder of the sockets
 * @param disk folder of the disks, of which snapshots need nothing: theirs are in the store
 */
record DeploymentFolders(String vne, int generation, Path run, Path disk) {

  static DeploymentFolders of(HostContext host, String vne, int generation) {
    String name = vne + "-" + generation;
    return new DeploymentFolders(
        vne, generation, host.runDirectory().resolve(name), host.diskDirectory().resolve(name));
  }

  Path sockets(String vm) {
    return run.resolve(vm);
  }

  Path disks(String vm) {
    return disk.resolve(vm);
  }

  /**
   * Removes both folders. Blocks.
   *
   * @throws IOException if one cannot be removed
   */
  void remove() throws IOException {
    removeTree(run);
    removeTree(disk);
  }

  private static void removeTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
              throws IOException {
            Files.deleteIfExists(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
