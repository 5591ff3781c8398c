package io.vnsnap.simulation.mutation;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * Loads VNsnap with a bug in it. All its classes are loaded anew, so that the changed one sees the
 * others of its package; everything else is shared with the rest of the process.
 */
public final class Mutant extends ClassLoader {
  private static final String OURS = "io.vnsnap.";
  private static final String CLASS = ".class";

  private final ClassLoader originals;
  private final Map<String, byte[]> changed = new HashMap<>();

  private Mutant(ClassLoader originals) {
    super(originals);
    this.originals = originals;
  }

  /**
   * Compiles a mutation.
   *
   * @param repository folder with the sources
   * @throws IOException if they cannot be read
   * @throws IllegalStateException if the mutation does not fit the sources, or does not compile, or
   *     this is no JDK
   */
  public static Mutant of(Mutation mutation, Path repository) throws IOException {
    String source = mutation.applyTo(Files.readString(repository.resolve(mutation.file())));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new IllegalStateException("mutations need a JDK, with its compiler");
    }
    Path classes = Files.createTempDirectory("vnsnap-mutant");
    try {
      compile(compiler, mutation, source, classes);
      Mutant mutant = new Mutant(Mutant.class.getClassLoader());
      mutant.readChanged(classes);
      return mutant;
    } finally {
      removeTree(classes);
    }
  }

  /** All classes loaded anew, and none of them changed: what a mutant is compared with. */
  public static Mutant unchanged() {
    return new Mutant(Mutant.class.getClassLoader());
  }

  private static void compile(
      JavaCompiler compiler, Mutation mutation, String source, Path classes) {
    StringWriter messages = new StringWriter();
    List<String> options =
        List.of(
            "-proc:none",
            "-nowarn",
            "-parameters",
            "-classpath",
            System.getProperty("java.class.path", ""),
            "-d",
            classes.toString());
    URI name = URI.create("string:///" + mutation.file().replaceAll(".*/java/", ""));
    JavaFileObject file =
        new SimpleJavaFileObject(name, JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
          }
        };
    if (!compiler.getTask(messages, null, null, options, null, List.of(file)).call()) {
      throw new IllegalStateException(
          "mutation %s does not compile: %s".formatted(mutation.word(), messages));
    }
  }

  private void readChanged(Path classes) throws IOException {
    try (Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = classes.relativize(file).toString().replace('/', '.');
        changed.put(name.substring(0, name.length() - CLASS.length()), Files.readAllBytes(file));
      }
    }
  }

  private static void removeTree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(OURS)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded != null ? loaded : findClass(name);
    }
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    byte[] content = changed.getOrDefault(name, original(name));
    if (content == null) {
      throw new ClassNotFoundException(name);
    }
    return defineClass(name, content, 0, content.length);
  }

  private byte @Nullable [] original(String name) {
    try (InputStream content = originals.getResourceAsStream(name.replace('.', '/') + CLASS)) {
      return content == null ? null : content.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
