package io.vnsnap.shell.cli;

import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.node.NodeLauncher;
import io.vnsnap.shell.render.Screen;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What commands need from outside.
 *
 * @param screen standard output
 * @param err standard error
 * @param environment environment variables
 * @param zone in which times are shown
 * @param connector makes a client of the node with the given control socket
 * @param launcher starts nodes in this JVM; asked for only by commands that do
 */
public record CliContext(
    Screen screen,
    PrintStream err,
    Map<String, String> environment,
    ZoneId zone,
    Function<Path, VnsnapClient> connector,
    Supplier<NodeLauncher> launcher) {}
