-- What an invoice says is what its lines say, and what was booked when it was finalised.
select d.tenant_id, format('invoice %s: subtotal and tax of its lines', d.number) as subject, l.amount - l.discount + l.tax as expected, d.total as found
from invoice_documents d
join lateral (select sum(amount) as amount, sum(discount) as discount, sum(tax) as tax from invoice_lines l
              where l.tenant_id = d.tenant_id and l.invoice_id = d.invoice_id) l on true
union all
select d.tenant_id, format('invoice %s: receivable', d.number), case when i.sale is null then d.total else 0 end, -- a sale is paid as it is posted
  coalesce((select sum(e.amount) from ledger_entries e where e.tenant_id = d.tenant_id and e.transaction_id = d.transaction_id and e.account = 'receivable'), 0)
from invoice_documents d join invoices i on i.tenant_id = d.tenant_id and i.id = d.invoice_id
union all
select i.tenant_id, format('invoice %s: paid', i.id), i.paid, coalesce(
  (select sum(case e.kind when 'disputed' then -e.amount else e.amount end) from invoice_events e
   where e.tenant_id = i.tenant_id and e.invoice_id = i.id and e.kind in ('paid', 'credit_applied', 'disputed', 'reinstated')), 0)
from invoices i where i.state <> 'draft'
union all
select i.tenant_id, format('invoice %s: credited', i.id), i.credited, coalesce((select sum(n.lowered) from credit_notes n where n.tenant_id = i.tenant_id and n.invoice_id = i.id), 0)
from invoices i where i.state <> 'draft'
union all
-- What customers owe is what is due on open invoices.
select coalesce(a.tenant_id, o.tenant_id), format('account receivable, %s', coalesce(a.unit, o.currency)), coalesce(o.due, 0.000000000), coalesce(a.balance, 0.000000000)
from (select * from ledger_accounts where account = 'receivable') a
full join (
  select i.tenant_id, d.currency::text as currency, sum(i.total - i.paid - i.credited) as due
  from invoices i join invoice_documents d on d.tenant_id = i.tenant_id and d.invoice_id = i.id where i.state = 'open' group by 1, 2
) o on o.tenant_id = a.tenant_id and o.currency = a.unit
union all
select n.tenant_id, format('credit note %s: its lines and postings', n.number), n.total,
  (select sum(l.net + l.tax) from credit_note_lines l where l.tenant_id = n.tenant_id and l.credit_note_id = n.id)
  + case when n.refund_id is not null then (select r.net + r.tax - n.total from refunds r where r.tenant_id = n.tenant_id and r.id = n.refund_id) -- its money went back
    else n.total + coalesce((select sum(e.amount) from ledger_entries e
      where e.tenant_id = n.tenant_id and e.transaction_id = n.transaction_id and e.account in ('receivable', 'customer_credit')), 0) end
from credit_notes n
union all
-- Numbers of a series run from 1 without gaps, and each is an invoice's or is being made.
select 0, format('numbers of %s %s', legal_entity, series), max(number)::numeric, count(*)::numeric from invoice_numbers group by legal_entity, series
union all
select d.tenant_id, format('invoice %s: its number', d.invoice_id), 1, (select count(*) from invoice_numbers n where n.invoice_id = d.invoice_id)::numeric
from invoice_documents d
