package io.vnsnap.store.pages;

import io.vnsnap.store.map.PageMap;
import java.io.Closeable;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The last image of each VM that this process has written, for the next one to be compared with and
 * to refer to. Bounded: the one not used for longest goes first. Safe for use by several threads.
 */
final class History implements Closeable {
  private final long mostBytes;
  private final Map<String, PageMap> last = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  History(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  /** The last image of a VM, to be closed. */
  synchronized Optional<PageMap> find(String vne, String vm) {
    PageMap map = last.get(key(vne, vm));
    if (map == null) {
      return Optional.empty();
    }
    var unused = map.table().retain();
    return Optional.of(map);
  }

  /** Keeps an image, with a use of its own, in place of the VM's earlier one. */
  synchronized void keep(String vne, String vm, PageMap map) {
    var unused = map.table().retain();
    bytes += map.table().memoryBytes();
    PageMap before = last.put(key(vne, vm), map);
    if (before != null) {
      forget(before);
    }
    Iterator<PageMap> oldest = last.values().iterator();
    while (bytes > mostBytes && oldest.hasNext()) {
      PageMap old = oldest.next();
      oldest.remove();
      forget(old);
    }
  }

  private void forget(PageMap map) {
    bytes -= map.table().memoryBytes();
    map.close();
  }

  private static String key(String vne, String vm) {
    return vne + "/" + vm;
  }

  @Override
  public synchronized void close() {
    last.values().forEach(PageMap::close);
    last.clear();
    bytes = 0;
  }
}
