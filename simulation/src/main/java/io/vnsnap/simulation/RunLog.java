package io.vnsnap.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import io.vnsnap.simulation.akka.VirtualSystem;
import io.vnsnap.simulation.kernel.Kernel;
import java.util.Set;
import org.slf4j.LoggerFactory;

/**
 * Where the log of the code under simulation goes: to the trace, when somebody reads it. An error
 * in it fails the run: production code logs none that is to be expected.
 */
final class RunLog extends AppenderBase<ILoggingEvent> {
  /** A coordinator whose journal fails ends with these, on purpose. */
  private static final Set<String> EXPECTED =
      Set.of(
          "akka.persistence.typed.internal.JournalFailureException",
          "akka.actor.typed.DeathPactException");

  private RunLog() {}

  /** Takes over the log of this process. */
  static void install() {
    Logger root = root();
    root.detachAndStopAllAppenders();
    RunLog log = new RunLog();
    log.setContext(root.getLoggerContext());
    log.start();
    root.addAppender(log);
    read(false);
  }

  /** Whether more than errors is wanted. */
  static void read(boolean all) {
    root().setLevel(all ? Level.INFO : Level.ERROR);
  }

  private static Logger root() {
    return ((LoggerContext) LoggerFactory.getILoggerFactory())
        .getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  @Override
  protected void append(ILoggingEvent event) {
    Kernel kernel = Kernel.ofThread();
    String name = event.getLoggerName();
    String line = name.substring(name.lastIndexOf('.') + 1) + ": " + event.getFormattedMessage();
    IThrowableProxy thrown = event.getThrowableProxy();
    if (thrown != null) {
      line += " (" + thrown.getClassName() + ": " + thrown.getMessage() + ")";
    }
    line = VirtualSystem.withoutNumbers(line);
    boolean expected = thrown != null && EXPECTED.contains(thrown.getClassName());
    if (event.getLevel().isGreaterOrEqual(Level.ERROR) && !expected) {
      kernel.error(line);
    } else {
      kernel.note(line);
    }
  }
}
