namespace Portal.Database.Tests.Jobs;

/// <summary>Reads all that jobs make, a line each: the same of two lives that came to the same.</summary>
internal static class SqlOfBooks
{
    public const string All = """
        select format('account %s %s %s %s', t.key, a.account, a.unit, trim_scale(a.balance)) from ledger_accounts a join tenants t using (tenant_id) where a.balance <> 0
        union all
        select format('day %s %s %s %s %s', t.key, f.book_date, f.account, f.unit, trim_scale(sum(f.amount))) from finance_daily f join tenants t using (tenant_id)
          group by t.key, f.book_date, f.account, f.unit having sum(f.amount) <> 0
        union all
        select format('%s postings %s on %s: %s', t.key, l.kind, l.book_date, count(*)) from ledger_transactions l join tenants t using (tenant_id) group by t.key, l.kind, l.book_date
        union all
        select format('invoice %s %s %s paid %s of %s, %s tries', t.key, i.bill_at::date, i.state, trim_scale(i.paid), trim_scale(i.total), i.tries) from invoices i join tenants t using (tenant_id)
        union all
        select format('line %s %s %s %s × %s = %s', t.key, l.kind, l.item, l.period_starts_at::date, trim_scale(l.quantity), trim_scale(l.amount)) from invoice_lines l join tenants t using (tenant_id)
        union all
        select format('event of invoice %s %s %s', t.key, e.kind, count(*)) from invoice_events e join tenants t using (tenant_id) group by t.key, e.kind
        union all
        select format('numbers %s: %s up to %s', series, count(*), max(number)) from invoice_numbers group by series
        union all
        select format('grant %s %s %s of %s worth %s until %s, %s', t.key, g.source, trim_scale(g.remaining), trim_scale(g.amount), trim_scale(g.value), g.expires_at::date, g.open) from grants g join tenants t using (tenant_id)
        union all
        select format('hold %s %s %s', t.key, h.state, trim_scale(h.amount)) from holds h join tenants t using (tenant_id)
        union all
        select format('pool %s %s holds %s', t.key, p.key, trim_scale(p.held)) from pools p join tenants t using (tenant_id)
        union all
        select format('subscription %s %s', t.key, s.state) from subscriptions s join tenants t using (tenant_id)
        union all
        select format('period %s %s from %s to %s', t.key, s.number, s.starts_at, s.ends_at) from subscription_periods s join tenants t using (tenant_id)
        union all
        select format('charge %s %s %s %s %s', t.key, c.kind, c.item, c.period_starts_at::date, trim_scale(c.amount)) from charges c join tenants t using (tenant_id)
        union all
        select format('case %s %s %s', t.key, c.case_key, c.state) from outcome_cases c join tenants t using (tenant_id)
        union all
        select format('usage %s %s %s', t.key, e.source, e.event_id) from events e join tenants t using (tenant_id)
        union all
        select format('rating %s %s %s', t.key, count(*), trim_scale(sum(r.credits))) from ratings r join tenants t using (tenant_id) group by t.key
        union all
        select format('checkout %s %s %s for %s', t.key, c.state, trim_scale(c.credits), trim_scale(c.net + c.tax)) from checkouts c join tenants t using (tenant_id)
        union all
        select format('attempt %s %s %s', t.key, a.state, trim_scale(a.amount)) from payment_attempts a join tenants t using (tenant_id)
        union all
        select format('payment %s %s less %s', t.key, trim_scale(p.captured), trim_scale(p.refunded)) from payments p join tenants t using (tenant_id)
        union all
        select format('refund %s %s %s', t.key, r.state, trim_scale(r.net + r.tax)) from refunds r join tenants t using (tenant_id)
        union all
        select format('provider: %s of %s %s', count(*), captured, refunded) from sandbox_payments group by captured, refunded
        union all
        select format('method %s %s %s', t.key, m.state, m.forgotten) from payment_methods m join tenants t using (tenant_id)
        union all
        select format('top-up %s %s declines, off: %s', t.key, a.declines, a.off_at is not null) from auto_top_ups a join tenants t using (tenant_id)
        union all
        select format('alert %s %s armed: %s', t.key, a.key, a.armed) from alerts a join tenants t using (tenant_id)
        union all
        select format('firing %s %s', t.key, f.text) from alert_firings f join tenants t using (tenant_id)
        union all
        select format('inbox %s: %s', state, count(*)) from webhook_inbox group by state
        union all
        select format('webhook %s %s: %s', t.key, e.type, count(*)) from webhook_events e join tenants t using (tenant_id) group by t.key, e.type
        union all
        select format('delivery %s %s: %s', type, state, count(*)) from webhook_deliveries group by type, state
        union all
        select format('outbox %s: %s', kind, count(*)) from outbox where done_at is not null group by kind
        union all
        select format('answer %s', key) from idempotency_keys where route = 'POST /v1/x'
        union all
        select format('month %s', inhrelid::regclass) from pg_inherits where inhparent = 'events'::regclass
        union all
        select format('sealed %s %s rows, %s credits', s.month, s.rows, trim_scale(s.credits)) from sealed_months s
        union all
        select format('runs left open: %s', count(*)) from due_runs where finished_at is null
        """;
}
