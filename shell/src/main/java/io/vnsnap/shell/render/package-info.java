/**
 * How things look: tables, units, progress, colours, and the views of statuses, hosts and
 * snapshots, for people and as JSON. Nothing here asks a node for anything.
 */
@NullMarked
package io.vnsnap.shell.render;

import org.jspecify.annotations.NullMarked;
