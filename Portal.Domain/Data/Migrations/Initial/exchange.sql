-- What one unit of a currency is worth in another on a day: the platform's reference table for margins, never for what is charged.
create table fx_rates (
  base             char(3) not null,
  quote            char(3) not null check (quote <> base),
  day              date not null,
  rate             numeric(28,9) not null check (rate > 0),   -- one base is this much quote
  primary key (base, quote, day)
);

-- The rate of a day, from the pair or its inverse; null without one. It is never another day's.
create function fx_rate(have text, want text, on_day date) returns numeric language sql stable as $$
  select case when have = want then 1 else coalesce(
    (select f.rate from fx_rates f where f.base = have and f.quote = want and f.day = on_day),
    (select 1 / f.rate from fx_rates f where f.base = want and f.quote = have and f.day = on_day)) end
$$;
