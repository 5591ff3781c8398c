/**
 * Benchmarks, one subcommand each: what they measure is printed as a table and written as JSON.
 * Never part of the test run; nothing depends on this module.
 */
@NullMarked
package io.vnsnap.bench;

import org.jspecify.annotations.NullMarked;
