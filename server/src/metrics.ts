// SPDX-License-Identifier: Apache-2.0
// Figures for Prometheus.

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export interface Metrics {
  /** An order was answered (or given up on) after `seconds`. */
  orderAnswered(verdict: 'accepted' | 'rejected' | 'refused' | 'ambiguous', seconds: number): void;
  text(): Promise<string>;
}

export interface MetricsSource {
  readonly activeDeals: () => number;
  readonly waitingEvents: () => number;
  readonly ambiguousOrders: () => number;
  readonly unwrittenRefusals: () => number;
  readonly heldOrders: () => number;
  readonly blockedSeconds: () => number;
  /** Whether the process's own figures (memory, event loop) are measured too. */
  readonly isProcessMeasured: boolean;
}

export function createMetrics(source: MetricsSource): Metrics {
  const registry = new Registry();
  if (source.isProcessMeasured) collectDefaultMetrics({ register: registry });
  const orders = new Counter({
    name: 'kontor_orders_total',
    help: 'Orders sent, by what became of them first',
    labelNames: ['verdict'],
    registers: [registry],
  });
  const latency = new Histogram({
    name: 'kontor_order_seconds',
    help: 'From the stored intent to the answer',
    buckets: [0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1, 2, 5],
    registers: [registry],
  });
  gauge(registry, 'kontor_active_deals', 'Deals that have not ended', source.activeDeals);
  gauge(registry, 'kontor_waiting_events', 'Events not yet told to a bot', source.waitingEvents);
  gauge(
    registry,
    'kontor_ambiguous_orders',
    'Orders whose fate is being asked for',
    source.ambiguousOrders,
  );
  gauge(
    registry,
    'kontor_unwritten_refusals',
    'Wishes and signals that were refused and, being too many in a minute, not written',
    source.unwrittenRefusals,
  );
  gauge(
    registry,
    'kontor_held_orders',
    'Orders that wait because the exchange takes only so many',
    source.heldOrders,
  );
  gauge(
    registry,
    'kontor_exchange_blocked_seconds',
    'How long the exchange still wants no requests',
    source.blockedSeconds,
  );
  return {
    orderAnswered(verdict, seconds) {
      orders.inc({ verdict });
      latency.observe(seconds);
    },
    text: () => registry.metrics(),
  };
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
