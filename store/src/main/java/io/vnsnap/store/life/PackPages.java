package io.vnsnap.store.life;

import io.vnsnap.store.pack.PackReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * Goes through the live pages of packs.
 *
 * @param packs which
 * @param needed what of them is live
 * @param alive is asked between groups whether to go on
 */
record PackPages(StoreAccess store, Set<Long> packs, Needed needed, Alive alive) {

  /** Throws if it is not to go on. */
  interface Alive {
    void check() throws IOException;
  }

  void forEach(GarbageCollection.PageTaker taker) throws IOException {
    try (PackReader.Decoder decoder = new PackReader.Decoder()) {
      for (long pack : packs) {
        PackUse use = needed.pack(pack);
        if (use != null) {
          try (PackReader reader = PackReader.open(store.place(), pack, store.ids().scheme())) {
            forEach(reader, use, decoder, taker);
          }
        }
      }
    }
  }

  private void forEach(
      PackReader reader, PackUse use, PackReader.Decoder decoder, GarbageCollection.PageTaker taker)
      throws IOException {
    for (int group = 0; group < reader.groups(); group++) {
      byte[] content = null;
      for (int slot = 0; slot < reader.pages(group); slot++) {
        if (use.isLive(group, slot)) {
          if (content == null) {
            alive.check();
            content = reader.group(group, decoder);
          }
          int bytes = 1 << reader.shift(group);
          taker.page(ByteBuffer.wrap(content, slot * bytes, bytes).slice());
        }
      }
    }
  }
}
