/**
 * What a topology must obey before anything is started from it, whoever wrote it. Only rules that
 * can be checked without a host live here; whether files exist and memory suffices is found out
 * where the files and the memory are.
 */
@NullMarked
package io.vnsnap.proto.topology;

import org.jspecify.annotations.NullMarked;
