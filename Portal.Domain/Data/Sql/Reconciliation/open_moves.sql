-- Credits that left one tenant and have not arrived in the other: listed until the job has brought them.
select into_tenant_id as tenant_id, format('move %s is on its way', id) as subject, 0.000000000 as expected, credits as found from open_moves
