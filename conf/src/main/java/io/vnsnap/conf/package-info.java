/**
 * Home of the logging configuration, which is a resource beside this package. Example topologies,
 * the description of their format, and service units are files of the module, not of the program.
 * There is no code here.
 */
@NullMarked
package io.vnsnap.conf;

import org.jspecify.annotations.NullMarked;
