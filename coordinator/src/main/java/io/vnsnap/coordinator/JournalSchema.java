package io.vnsnap.coordinator;

import com.typesafe.config.Config;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Makes the tables of the default journal, with the script that the journal plugin carries. Blocks:
 * not for actor threads. Several processes may do this to one database at once.
 */
public final class JournalSchema {
  private static final String SCRIPT = "/schema/h2/h2-create-schema.sql";
  private static final int INDEX_EXISTS = 42111; // H2: org.h2.api.ErrorCode.INDEX_ALREADY_EXISTS_1
  private static final String BIND_ADDRESS = "h2.bindAddress";
  private static final String DATABASE = "akka-persistence-jdbc.shared-databases.vnsnap.db";

  private JournalSchema() {}

  /**
   * Makes folder and tables if they are missing and the configuration wants that.
   *
   * @throws JournalUnusableException if the journal cannot be used
   */
  public static void create(Config whole) {
    Config journal = whole.getConfig("vnsnap.coordinator.journal");
    if (!journal.getBoolean("create-schema")) {
      return;
    }
    // The first process serves the database to the others of this machine, and to nobody else.
    if (System.getProperty(BIND_ADDRESS) == null) {
      System.setProperty(BIND_ADDRESS, "127.0.0.1");
    }
    Path directory = Path.of(journal.getString("directory"));
    Config database = whole.getConfig(DATABASE);
    try {
      makeDirectory(directory);
      try (Connection connection =
              DriverManager.getConnection(
                  database.getString("url"),
                  database.getString("user"),
                  database.getString("password"));
          Statement statement = connection.createStatement()) {
        for (String sql : statements()) {
          execute(statement, sql);
        }
      }
    } catch (IOException | SQLException e) {
      throw new JournalUnusableException(
          "the journal in %s cannot be used: %s; set vnsnap.coordinator.journal.directory to a folder that can be written"
              .formatted(directory, e.getMessage()),
          e);
    }
  }

  private static void makeDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  private static void execute(Statement statement, String sql) throws SQLException {
    try {
      statement.execute(sql);
    } catch (SQLException e) {
      if (e.getErrorCode() != INDEX_EXISTS) { // the script does not ask for this one
        throw e;
      }
    }
  }

  private static List<String> statements() {
    try (InputStream script = JournalSchema.class.getResourceAsStream(SCRIPT)) {
      if (script == null) {
        throw new IllegalStateException(SCRIPT + " is missing: is akka-persistence-jdbc there?");
      }
      String text = new String(script.readAllBytes(), StandardCharsets.UTF_8);
      List<String> statements = new ArrayList<>(Arrays.asList(text.split(";")));
      statements.removeIf(String::isBlank);
      return statements;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
