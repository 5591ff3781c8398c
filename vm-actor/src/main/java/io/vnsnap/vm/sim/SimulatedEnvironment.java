package io.vnsnap.vm.sim;

import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * The world outside of simulated VMs; it decides whether a run can be repeated exactly. Whatever a
 * VM does is a function of its specification, the seed, and the order in which loop and sockets
 * call it.
 *
 * @param loops gives the event loop of the next machine; everything of one machine runs on its
 *     loop, and its guest's clock is the loop's {@link EventLoop#ticker() ticker}. Owned and ended
 *     by the caller
 * @param clock tells when VMs were paused and resumed
 * @param sockets of consoles and VNICs
 * @param blocking for work that blocks, in pieces of bounded length: making a folder, writing one
 *     chunk of an image, reading a whole one. May be the loop itself if nothing of that blocks
 * @param seed of all randomness; a VM's own seed is derived from it and the VM's name
 * @param pid what machines say is their process id
 */
public record SimulatedEnvironment(
    Supplier<? extends EventLoop> loops,
    InstantSource clock,
    GuestSockets sockets,
    Executor blocking,
    long seed,
    long pid) {}
