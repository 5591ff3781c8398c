package io.vnsnap.store.record;

/** Why stored bytes cannot be trusted; whoever knows the file's name adds it. */
public final class Flaw extends Exception {
  private static final long serialVersionUID = 1;

  public Flaw(String what) {
    super(what);
  }

  /** Makes the words only when they are needed: this is asked for every group that is read. */
  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be one more library
  public static void when(boolean flawed, String what, Object... values) throws Flaw {
    if (flawed) {
      throw new Flaw(what.formatted(values));
    }
  }

  /** What is wrong. */
  public String what() {
    return String.valueOf(getMessage());
  }
}
