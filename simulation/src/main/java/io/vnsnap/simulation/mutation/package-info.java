/**
 * Bugs that are put back on purpose, to see that the simulation finds them: the source of a class
 * is changed, compiled, and loaded in place of the original by a class loader of its own.
 * Production code knows nothing of it.
 */
@NullMarked
package io.vnsnap.simulation.mutation;

import org.jspecify.annotations.NullMarked;
