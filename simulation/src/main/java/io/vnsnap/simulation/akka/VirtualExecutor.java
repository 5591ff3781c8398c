package io.vnsnap.simulation.akka;

import akka.dispatch.DispatcherPrerequisites;
import akka.dispatch.ExecutorServiceConfigurator;
import akka.dispatch.ExecutorServiceFactory;
import akka.dispatch.Mailbox;
import com.typesafe.config.Config;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * What dispatchers hand their work to: each run of a mailbox becomes an event of the actor's
 * process, anything else one of the process that asked for it.
 */
public final class VirtualExecutor extends ExecutorServiceConfigurator {

  /** Made by the actor system. */
  public VirtualExecutor(Config config, DispatcherPrerequisites prerequisites) {
    super(config, prerequisites);
  }

  @Override
  public ExecutorServiceFactory createExecutorServiceFactory(String id, ThreadFactory threads) {
    return () -> service(Kernel.ofThread());
  }

  private static ExecutorService service(Kernel kernel) {
    return new AbstractExecutorService() {
      @Override
      public void execute(Runnable command) {
        kernel.soon(owner(command), command);
      }

      private SimulatedProcess owner(Runnable command) {
        if (!(command instanceof Mailbox mailbox)) {
          return kernel.current();
        }
        return mailbox.messageQueue() instanceof OwnedMailbox.Queue queue
            ? queue.owner
            : kernel.system();
      }

      @Override
      public void shutdown() {
        // It has no threads.
      }

      @Override
      public List<Runnable> shutdownNow() {
        return List.of();
      }

      @Override
      public boolean isShutdown() {
        return false;
      }

      @Override
      public boolean isTerminated() {
        return false;
      }

      @Override
      public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
      }
    };
  }
}
