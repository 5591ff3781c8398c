package io.vnsnap.store.place;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a file beside its place and lets it appear there when it is complete and durable.
 *
 * <p>Design note. The file gets its name by a hard link, which fails if the name is taken, here as
 * on NFS; a rename would replace what is there. Then its first name goes, then the folder is
 * synced. A crash in between leaves the object whole under its name, or absent, and perhaps a
 * partial file. After a sync that failed the file is given up: the kernel may have dropped what it
 * could not write, and a second sync would not say so.
 */
final class DirectoryOutput implements Place.Output {
  /** How often free space is looked at, in bytes written. */
  private static final long SPACE_CHECK_BYTES = 16 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(DirectoryOutput.class);

  private final Tree tree;
  private final Path file;
  private final Path partial;
  private final Disk.Output out;
  private final Runnable onClose;
  private long written;
  private long checkedAt;
  private @Nullable IOException failure;
  private boolean ended;
  private boolean renamed;
  private boolean closed;

  DirectoryOutput(Tree tree, Path file, Path partial, Disk.Output out, Runnable onClose) {
    this.tree = tree;
    this.file = file;
    this.partial = partial;
    this.out = out;
    this.onClose = onClose;
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    refuseEnded();
    try {
      while (bytes.hasRemaining()) {
        int taken = Tree.write(out, bytes);
        written += taken;
        if (written - checkedAt >= SPACE_CHECK_BYTES) {
          checkedAt = written;
          tree.checkSpace(file, written, 0);
        }
      }
    } catch (IOException e) {
      throw failed(tree.writing(file, written, e));
    }
  }

  @Override
  public void commit() throws IOException {
    end();
    try {
      tree.disk().link(partial, file);
    } catch (FileAlreadyExistsException e) {
      throw failed(
          new FileAlreadyExistsException(
              file.toString(), null, "an object is there already, and objects are never replaced"));
    } catch (NoSuchFileException e) {
      throw failed(swept(e));
    } catch (IOException e) {
      throw failed(tree.writing(file, written, e));
    }
    removePartial();
    try {
      tree.syncUp(Tree.parent(file), file);
    } catch (IOException e) {
      takeBack(e);
      throw failed(e);
    }
  }

  /** As commit, in place of what has the name. */
  void replace() throws IOException {
    end();
    try {
      tree.disk().move(partial, file);
      renamed = true;
    } catch (NoSuchFileException e) {
      throw failed(swept(e));
    } catch (IOException e) {
      throw failed(tree.writing(file, written, e));
    }
    try {
      tree.syncUp(Tree.parent(file), file);
    } catch (IOException e) {
      throw new IOException(
          "%s may have its old or its new content after: %s".formatted(file, e.getMessage()), e);
    }
  }

  private void end() throws IOException {
    refuseEnded();
    ended = true;
    try {
      out.sync();
      out.close();
    } catch (IOException e) {
      throw failed(tree.writing(file, written, e));
    }
  }

  private void refuseEnded() throws IOException {
    if (ended || closed) {
      throw new IllegalStateException("the object %s has been ended".formatted(file));
    }
    if (failure != null) {
      throw new IOException("%s was given up: %s".formatted(file, failure.getMessage()), failure);
    }
  }

  private IOException failed(IOException e) {
    failure = e;
    return e;
  }

  private IOException swept(NoSuchFileException cause) {
    return new IOException(
        "cannot write %s: %s was removed meanwhile. Write it again".formatted(file, partial),
        cause);
  }

  /** The object has its name; what is left of its first one does no harm. */
  private void removePartial() {
    renamed = true;
    try {
      tree.disk().remove(partial);
    } catch (IOException e) {
      LOG.warn("cannot remove {}, which gc will do: {}", partial, e.toString());
    }
  }

  /**
   * The object has its name, but perhaps not durably: it must not be there if commit has failed.
   */
  private void takeBack(IOException cause) {
    try {
      tree.disk().remove(file);
      tree.syncUp(Tree.parent(file), file);
    } catch (IOException e) {
      cause.addSuppressed(
          new IOException(
              "and %s could not be taken back, so that it may be there: %s"
                  .formatted(file, e.getMessage()),
              e));
    }
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (out) {
      if (!renamed) {
        tree.disk().remove(partial);
        tree.prune(Tree.parent(partial));
      }
    } catch (NoSuchFileException e) {
      // Swept: what was wanted.
    } catch (IOException e) {
      throw new IOException(
          "cannot remove the unfinished %s: %s. gc will remove it"
              .formatted(partial, e.getMessage()),
          e);
    } finally {
      onClose.run();
    }
  }
}
