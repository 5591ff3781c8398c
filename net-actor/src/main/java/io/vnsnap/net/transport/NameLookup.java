package io.vnsnap.net.transport;

import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.InetNameResolver;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Looks up host names by the system's means, which block, on a virtual thread of its own. */
final class NameLookup extends AddressResolverGroup<InetSocketAddress> {

  @Override
  protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
    return new Names(executor).asAddressResolver();
  }

  private static final class Names extends InetNameResolver {
    Names(EventExecutor executor) {
      super(executor);
    }

    @Override
    protected void doResolve(String name, Promise<InetAddress> promise) {
      Thread.startVirtualThread(() -> {
        try {
          promise.trySuccess(InetAddress.getByName(name));
        } catch (UnknownHostException e) {
          promise.tryFailure(e);
        }
      });
    }

    @Override
    protected void doResolveAll(String name, Promise<List<InetAddress>> promise) {
      Thread.startVirtualThread(() -> {
        try {
          promise.trySuccess(List.of(InetAddress.getAllByName(name)));
        } catch (UnknownHostException e) {
          promise.tryFailure(e);
        }
      });
    }
  }
}
