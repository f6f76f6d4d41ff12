-- Usage by hour, as the events and their later ratings say it. The model stands in an event's data alone: it is compared
-- where the meter reads it there and was not changed since the product's first event. A tenant whose zone moved by part of an hour
-- is compared over all hours, since its hours then began at another minute. Hours that retired events may lie in are compared over all
-- that a tenant used in them, with what the sealed months say.
with edge as (
  select coalesce(events_retired_to + interval '1 hour', '-infinity') as at from platform
), zones as (
  select t.tenant_id, t.time_zone as zone, exists (
    select from usage_hourly u
    where u.tenant_id = t.tenant_id and date_trunc('hour', u.hour at time zone t.time_zone) <> u.hour at time zone t.time_zone
  ) as moved
  from tenants t
), models as (
  select m.product, m.key as meter, coalesce(m.definition -> 'defaults' ->> 'model', '') as otherwise
  from meters m
  where m.product not in (
    select m.product from meters m
    where not coalesce(m.definition::jsonb -> 'dimensions' ? 'model', false)
      or jsonb_path_exists(m.definition::jsonb, '$.quantities[*].set.model')
      or exists (select from events e where e.product = m.product and e.transaction_id < uuid7_floor(m.updated_at))
  )
), happened as (
  select e.tenant_id,
    case when z.moved then 'epoch'::timestamptz else
      (date_trunc('hour', e.occurred_at at time zone z.zone) - (e.occurred_at at time zone z.zone - e.occurred_at at time zone 'UTC')) at time zone 'UTC'
    end as hour,
    e.team_id, e.pool_named_id, e.consumer_id, e.measured_product as product,
    case when m.meter is null or e.quantity = 0 then '' else coalesce(nullif(e.data ->> 'model', ''), m.otherwise) end as model,
    coalesce(e.cost_currency::text, '') as cost_currency, e.quantity, e.credits, e.revenue, e.cost, e.transaction_id, e.ordinal,
    e.rated, m.meter is not null as modelled, m.otherwise
  from measured_events e
  join zones z on z.tenant_id = e.tenant_id
  left join models m on m.meter = e.measured_by
), said as (
  select tenant_id, case when hour < edge.at then 'epoch' else hour end as hour, case when hour < edge.at then 0 else team_id end as team_id,
    case when hour < edge.at then 0 else pool_named_id end as pool_named_id, case when hour < edge.at then 0 else consumer_id end as consumer_id,
    case when hour < edge.at then '' else product end as product, case when hour < edge.at then '' else model end as model,
    case when hour < edge.at then '' else cost_currency end as cost_currency,
    sum(events) as events, sum(quantity) as quantity, sum(credits) as credits, sum(revenue) as revenue, sum(cost) as cost, sum(unknown) as unknown
  from (
    select tenant_id, hour, team_id, pool_named_id, consumer_id, product, model, cost_currency,
      1 as events, quantity, credits, revenue, coalesce(cost, 0) as cost, (cost is null)::int as unknown
    from happened where rated
    union all
    select h.tenant_id, h.hour, h.team_id, h.pool_named_id, h.consumer_id, h.product,
      case when r.data is null then h.model when not h.modelled or (r.events <> 0 and r.quantity = 0) then ''
        else coalesce(nullif(r.data ->> 'model', ''), h.otherwise) end,
      case when r.events = 0 then h.cost_currency else coalesce(r.cost_currency::text, '') end,
      r.events, r.quantity, r.credits, r.revenue, coalesce(r.cost, 0), case when r.cost is null then r.events else 0 end
    from ratings r join happened h on h.tenant_id = r.tenant_id and h.transaction_id = r.event_transaction_id and h.ordinal = r.event_ordinal
    union all
    select r.tenant_id,
      case when z.moved then 'epoch'::timestamptz else
        (date_trunc('hour', r.occurred_at at time zone z.zone) - (r.occurred_at at time zone z.zone - r.occurred_at at time zone 'UTC')) at time zone 'UTC' end,
      0, r.pool_named_id, r.consumer_id, r.product, case when m.meter is null then '' else coalesce(r.data ->> 'model', '') end,
      coalesce((select p.cost_currency from ratings p where p.tenant_id = r.tenant_id and p.transaction_id = (r.detail ->> 'transaction')::uuid and p.kind = 'period'),
        r.cost_currency, '')::text, 0, r.quantity, r.credits, r.revenue, coalesce(r.cost, 0), 0
    from ratings r join zones z on z.tenant_id = r.tenant_id left join models m on m.meter = r.meter
    where r.event_transaction_id is null
    union all
    select tenant_id, '-infinity', 0, 0, 0, '', '', '', events, quantity, credits, revenue, cost, cost_unknown from sealed_months
  ) each cross join edge
  group by 1, 2, 3, 4, 5, 6, 7, 8
), kept as (
  select u.tenant_id, case when z.moved or u.hour < edge.at then 'epoch' else u.hour end as hour, case when o.old then 0 else u.team_id end as team_id,
    case when o.old then 0 else u.pool_named_id end as pool_named_id, case when o.old then 0 else u.consumer_id end as consumer_id,
    case when o.old then '' else u.product end as product,
    case when not o.old and u.product in (select product from models) then u.model else '' end as model, case when o.old then '' else u.cost_currency end as cost_currency,
    sum(u.events) as events, sum(u.quantity) as quantity, sum(u.credits) as credits, sum(u.revenue) as revenue, sum(u.cost) as cost,
    sum(u.cost_unknown) as unknown
  from usage_hourly u join zones z on z.tenant_id = u.tenant_id cross join edge
  cross join lateral (select case when z.moved then 'epoch' else u.hour end < edge.at as old) o
  group by 1, 2, 3, 4, 5, 6, 7, 8
)
select coalesce(s.tenant_id, k.tenant_id) as tenant_id,
  format('hour %s, team %s, pool %s, consumer %s, product %s, model %s, costs in %s: {events, quantity, credits, revenue, cost, cost unknown}',
    coalesce(s.hour, k.hour) at time zone 'UTC', coalesce(s.team_id, k.team_id), coalesce(s.pool_named_id, k.pool_named_id),
    coalesce(s.consumer_id, k.consumer_id), coalesce(s.product, k.product), coalesce(s.model, k.model), coalesce(s.cost_currency, k.cost_currency)) as subject,
  array[coalesce(s.events, 0), coalesce(s.quantity, 0), coalesce(s.credits, 0), coalesce(s.revenue, 0), coalesce(s.cost, 0), coalesce(s.unknown, 0)]::numeric[] as expected,
  array[coalesce(k.events, 0), coalesce(k.quantity, 0), coalesce(k.credits, 0), coalesce(k.revenue, 0), coalesce(k.cost, 0), coalesce(k.unknown, 0)]::numeric[] as found
from said s
full join kept k on k.tenant_id = s.tenant_id and k.hour = s.hour and k.team_id = s.team_id and k.pool_named_id = s.pool_named_id
  and k.consumer_id = s.consumer_id and k.product = s.product and k.model = s.model and k.cost_currency = s.cost_currency
