package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.vm.HypervisorException;
import java.io.IOException;

/**
 * A page that a running guest cannot do without is not to be had from the store. The message names
 * the page; the cause says what is wrong with it.
 */
public final class PageLostException extends IOException {
  private static final long serialVersionUID = 1;

  PageLostException(String page, Throwable cause) {
    super(page + " could not be read: " + HypervisorException.reason(cause), cause);
  }
}
