package io.vnsnap.store.record;

/** Why stored bytes cannot be trusted; whoever knows the file's name adds it. */
public final class Flaw extends Exception {
  private static final long serialVersionUID = 1;

  public Flaw(String what) {
    super(what);
  }

  public static void when(boolean flawed, String what) throws Flaw {
    if (flawed) {
      throw new Flaw(what);
    }
  }

  /** What is wrong. */
  public String what() {
    return String.valueOf(getMessage());
  }
}
