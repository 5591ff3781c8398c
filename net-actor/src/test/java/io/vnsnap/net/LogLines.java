package io.vnsnap.net;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** What this module logs, with its level, from when this is made until it is closed. */
public final class LogLines extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger("io.vnsnap.net");

  /** Reads the log from now on. */
  public LogLines() {
    setContext(logger.getLoggerContext());
    start();
    logger.addAppender(this);
  }

  @Override
  protected void append(ILoggingEvent event) {
    lines.add(event.getLevel() + " " + event.getFormattedMessage());
  }

  /** The lines with this in them. */
  public List<String> with(String what) {
    return lines.stream().filter(line -> line.contains(what)).toList();
  }

  /** Forgets what was logged so far. */
  public void clear() {
    lines.clear();
  }

  /** Reads the log from now on, and keeps it from the output: for a test that makes a lot of it. */
  public static LogLines instead() {
    LogLines lines = new LogLines();
    lines.logger.setAdditive(false);
    return lines;
  }

  @Override
  public void close() {
    logger.detachAppender(this);
    logger.setAdditive(true);
  }
}
