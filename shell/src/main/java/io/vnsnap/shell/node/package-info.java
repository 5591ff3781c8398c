/**
 * What it takes to start a node of the cluster in this JVM, and what one can do with it once it
 * runs. Whoever only asks a running node for something needs nothing from here.
 */
@NullMarked
package io.vnsnap.shell.node;

import org.jspecify.annotations.NullMarked;
