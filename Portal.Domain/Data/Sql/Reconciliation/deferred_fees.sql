-- Fees that are not earned yet, and shares of grants to come: of the period that runs, what its plan's version says after coupons, less what the grants
-- made in it say.
-- A short first period is shorter than any of its steps, so nothing of it is to come.
select coalesce(a.tenant_id, s.tenant_id) as tenant_id, format('account deferred:fees, %s', coalesce(a.unit, s.currency)) as subject,
  -coalesce(s.share, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from (select * from ledger_accounts where account = 'deferred:fees') a
full join (
  select tenant_id, currency, sum(share) as share from (
  select f.tenant_id, t.currency::text as currency, sum(f.amount - f.recognised) as share
  from fee_schedules f join tenants t on t.tenant_id = f.tenant_id where f.recognised <> f.amount group by 1, 2
  union all
  select tenant_id, currency, sum(share - round(share * granted / steps, 9))
  from (
    select s.tenant_id, s.currency::text as currency, coalesce((i ->> 'revenue_share')::numeric, 0) + coalesce(
        (select sum(c.amount) from charges c where c.tenant_id = s.tenant_id and c.period_starts_at = s.period_starts_at and c.kind = 'coupon_credits' and c.item = i ->> 'key'), 0) as share,
      m.months[1] / m.months[2] as steps,
      (select count(*) from grants g where g.tenant_id = s.tenant_id and g.source = 'plan' and g.parent_id is null and g.value > 0
         and g.reference = public_id('sub', s.tenant_id, s.id) || '/' || (i ->> 'key')
         and g.effective_at >= s.period_starts_at and g.effective_at < s.period_ends_at) as granted
    from subscriptions s
    join plan_versions v on v.plan = s.plan and v.version = s.plan_version
    cross join json_array_elements(v.definition -> 'items') i
    cross join lateral (
      select array_agg(case p when 'month' then 1 when 'quarter' then 3 when 'year' then 12 end order by n) as months
      from unnest(array[v.definition ->> 'period', coalesce(i ->> 'every', v.definition ->> 'period')]) with ordinality u(p, n)
    ) m
    where s.state <> 'cancelled' and i ->> 'type' = 'included_credits' and s.period_ends_at - s.period_starts_at > interval '62 days'
  ) item
  group by tenant_id, currency
  ) to_come group by tenant_id, currency
) s on s.tenant_id = a.tenant_id and s.currency = a.unit
