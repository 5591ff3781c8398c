/**
 * From a topology file to a {@link io.vnsnap.proto.Topology}: reading YAML, looking up files, and
 * errors that say file, line, and what to write instead. The rules that hold for any topology,
 * however it was written, are not here but in {@link io.vnsnap.proto.topology.TopologyRules}.
 */
@NullMarked
package io.vnsnap.shell.topology;

import org.jspecify.annotations.NullMarked;
