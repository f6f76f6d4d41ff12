namespace Portal.Domain.Wallet;

/// <summary>
/// How much of several demands some supplies can serve at once, when each demand may draw on some of the supplies only: a maximum flow,
/// found by shortest augmenting paths. A pure function; amounts of nine places are whole numbers of nanos, so it ends.
/// </summary>
public static class MaximumFlow
{
    /// <summary>
    /// What each demand gets. The demands are served in order: what an earlier one gets is as much as it can beside those before it, and a
    /// later one never takes it away; their sum is the greatest possible.
    /// </summary>
    /// <param name="demands">Amounts asked for, not negative.</param>
    /// <param name="supplies">Amounts there are, not negative.</param>
    /// <param name="mayDraw">Whether the demand of the first index may draw on the supply of the second.</param>
    public static decimal[] Serve(IReadOnlyList<decimal> demands, IReadOnlyList<decimal> supplies, Func<int, int, bool> mayDraw)
    {
        ArgumentNullException.ThrowIfNull(demands);
        ArgumentNullException.ThrowIfNull(supplies);
        ArgumentNullException.ThrowIfNull(mayDraw);
        var network = new Network(demands.Count, supplies, mayDraw);
        var served = new decimal[demands.Count];
        for (var demand = 0; demand < demands.Count; demand++)
        {
            decimal more;
            while (served[demand] < demands[demand] && (more = network.Augment(demand, demands[demand] - served[demand])) > 0m) served[demand] += more;
        }

        return served;
    }

    private sealed class Network(int demands, IReadOnlyList<decimal> supplies, Func<int, int, bool> mayDraw)
    {
        private readonly decimal[] spare = [.. supplies];
        private readonly decimal[,] flow = new decimal[demands, supplies.Count];

        /// <summary>Finds the shortest way from a demand to a supply that has some left, and sends along it at most <paramref name="wanted"/>.</summary>
        public decimal Augment(int source, decimal wanted)
        {
            var (fromDemand, fromSupply) = (new int[spare.Length], new int[demands]); // how each was reached; -1: it was not
            Array.Fill(fromDemand, -1);
            Array.Fill(fromSupply, -1);
            var queue = new Queue<int>([source]);
            while (queue.TryDequeue(out var demand))
            {
                for (var supply = 0; supply < spare.Length; supply++)
                {
                    if (fromDemand[supply] >= 0 || !mayDraw(demand, supply)) continue;
                    fromDemand[supply] = demand;
                    if (spare[supply] > 0m) return Send(source, supply, wanted, fromDemand, fromSupply);
                    for (var other = 0; other < demands; other++)
                    {
                        // Another demand that draws on this supply may be moved to one of its own others.
                        if (other == source || fromSupply[other] >= 0 || flow[other, supply] == 0m) continue;
                        fromSupply[other] = supply;
                        queue.Enqueue(other);
                    }
                }
            }

            return 0m;
        }

        private decimal Send(int source, int end, decimal wanted, int[] fromDemand, int[] fromSupply)
        {
            var amount = Math.Min(wanted, spare[end]);
            for (int supply = end, demand; (demand = fromDemand[supply]) != source; supply = fromSupply[demand])
                amount = Math.Min(amount, flow[demand, fromSupply[demand]]);
            spare[end] -= amount;
            for (var supply = end; ;)
            {
                var demand = fromDemand[supply];
                flow[demand, supply] += amount;
                if (demand == source) return amount;
                supply = fromSupply[demand];
                flow[demand, supply] -= amount;
            }
        }
    }
}
