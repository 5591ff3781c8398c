package io.vnsnap.vm.sim.guest;

import io.vnsnap.vm.sim.guest.Events.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Money that is moved between all guests and that nobody makes or destroys: what all have, and what
 * is in flight, is what all began with. A transfer is one frame, sent once; it says too what its
 * sender has sent to this peer in all, so that the receiver knows what a lost one was worth.
 */
final class Bank implements Application {
  /** What a guest begins with. */
  static final long CAPITAL = 1_000_000;

  private static final int MOST_AT_ONCE = 100;
  private static final int TRANSFERS_PER_TURN = 64;

  private final Mesh mesh;
  private final Events events;
  private final Randomness randomness;
  private final Word balance;
  private final Word transfersOut;
  private final Word transfersIn;
  private final List<Account> accounts = new ArrayList<>();

  /**
   * With one peer.
   *
   * @param sent money to it
   * @param received money from it
   * @param told what it said last that it has sent
   */
  private record Account(Pace pace, Word sent, Word received, Word told) {}

  Bank(CommandLine line, Mesh mesh, Events events, Randomness randomness, Arena arena) {
    this.mesh = mesh;
    this.events = events;
    this.randomness = randomness;
    this.balance = arena.word();
    this.transfersOut = arena.word();
    this.transfersIn = arena.word();
    for (int i = 0; i < mesh.size(); i++) {
      accounts.add(
          new Account(
              new Pace(arena.word(), line.messageRate(), 1),
              arena.word(),
              arena.word(),
              arena.word()));
    }
  }

  @Override
  public void boot() {
    balance.set(CAPITAL);
  }

  @Override
  public void turn(long now, long elapsed, boolean sending) {
    for (int i = 0; sending && i < accounts.size(); i++) {
      if (mesh.peer(i).isReachable()) {
        accounts.get(i).pace().pass(elapsed);
        transfer(i);
      }
    }
  }

  private void transfer(int index) {
    Account account = accounts.get(index);
    for (int i = 0; i < TRANSFERS_PER_TURN && account.pace().allows(1); i++) {
      long amount = Math.min(1 + randomness.below(MOST_AT_ONCE), balance.get());
      mesh.out().setWord(0, amount);
      mesh.out().setWord(1, account.sent().get() + amount);
      if (amount <= 0 || !mesh.send(index, Message.TRANSFER, 2 * Long.BYTES)) {
        return;
      }
      account.pace().take(1);
      balance.add(-amount);
      account.sent().add(amount);
      transfersOut.add(1);
    }
  }

  @Override
  public void received(int peer, Message message, boolean late, Frame frame) {
    String name = mesh.peer(peer).name();
    if (message != Message.TRANSFER) {
      events.add(Kind.CORRUPT, 1, name, Message.TRANSFER.code(), message.code());
      return;
    }
    Account account = accounts.get(peer);
    long amount = frame.word(0);
    long sentInAll = frame.word(1);
    if (!late) {
      if (sentInAll < account.told().get() + amount) {
        events.add(Kind.MONEY, 1, name, account.told().get() + amount, sentInAll);
      }
      account.told().set(sentInAll);
    }
    balance.add(amount);
    account.received().add(amount);
    transfersIn.add(1);
  }

  @Override
  public void check() {
    if (balance.get() != CAPITAL - moneySent() + moneyReceived()) {
      events.add(Kind.MONEY, 1, "self", CAPITAL - moneySent() + moneyReceived(), balance.get());
    }
    for (int i = 0; i < accounts.size(); i++) {
      Account account = accounts.get(i);
      if (account.received().get() > account.told().get()) {
        events.add(
            Kind.MONEY, 1, mesh.peer(i).name(), account.told().get(), account.received().get());
      }
    }
  }

  private long moneySent() {
    return accounts.stream().mapToLong(account -> account.sent().get()).sum();
  }

  private long moneyReceived() {
    return accounts.stream().mapToLong(account -> account.received().get()).sum();
  }

  @Override
  public long sent() {
    return transfersOut.get();
  }

  @Override
  public long received() {
    return transfersIn.get();
  }

  @Override
  public String remarks() {
    long told = accounts.stream().mapToLong(account -> account.told().get()).sum();
    return "program=bank balance=%d money_sent=%d money_received=%d money_missing=%d violations=%d"
        .formatted(
            balance.get(),
            moneySent(),
            moneyReceived(),
            told - moneyReceived(),
            events.number(Kind.MONEY));
  }
}
