using System.Globalization;

namespace Portal.E2E.Soaking;

/// <summary>What a soak does; all of its choices follow from the seed, only their moments are the machine's.</summary>
/// <param name="Length">How long work is sent, before it settles.</param>
/// <param name="Seed">Of every random choice.</param>
internal sealed record SoakPlan(TimeSpan Length, int Seed)
{
    /// <summary>Customers that the work is spread over.</summary>
    public const int Tenants = 20;

    /// <summary>Reads <c>[--minutes 10] [--seed N]</c>; null when they say something else.</summary>
    public static SoakPlan? Read(string[] args)
    {
        var (minutes, seed) = (10d, Random.Shared.Next(1, 1_000_000));
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            var understood = args[i] switch
            {
                "--minutes" => double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out minutes) && minutes is > 0 and <= 1440,
                "--seed" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out seed),
                _ => false,
            };
            if (!understood) return null;
        }

        return new SoakPlan(TimeSpan.FromMinutes(minutes), seed);
    }

    /// <summary>One kill a minute, two at least: when each comes, and whom it hits. Of the first two one hits the server, the other PostgreSQL.</summary>
    public IReadOnlyList<(TimeSpan After, Victim Victim)> Kills()
    {
        var random = RandomOf("kills", 0);
        var count = Math.Max(2, (int)Math.Round(Length.TotalMinutes));
        var victims = Enum.GetValues<Victim>();
        var first = random.Next(2) == 0 ? Victim.Server : Victim.Postgres;
        return [.. Enumerable.Range(0, count).Select(i => (
            Length / count * (i + 0.15 + (0.6 * random.NextDouble())),
            i switch
            {
                0 => first,
                1 => first == Victim.Server ? Victim.Postgres : Victim.Server,
                _ => victims[random.Next(victims.Length)],
            }))];
    }

    /// <summary>The choices of one of several that do the same work.</summary>
    public Random RandomOf(string work, int number) =>
        new(unchecked((Seed * 397) ^ (work.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter)) * 31) ^ number));
}

/// <summary>Whom a kill hits.</summary>
internal enum Victim
{
    /// <summary>The portal's process.</summary>
    Server,

    /// <summary>PostgreSQL's postmaster and all of its children.</summary>
    Postgres,

    /// <summary>PostgreSQL's postmaster alone: its children end when they notice, and may finish what they are at.</summary>
    Postmaster,

    /// <summary>Both at once, as when the machine goes dark.</summary>
    Both,
}
