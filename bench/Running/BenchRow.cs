namespace Portal.Bench.Running;

/// <summary>One row of the report: what was measured, and its ratio to a peer in the same run.</summary>
/// <param name="Name">What.</param>
/// <param name="Unit">Of both figures.</param>
/// <param name="Value">The median of the rounds.</param>
/// <param name="Peer">Against what.</param>
/// <param name="PeerValue">The median of the peer's rounds.</param>
/// <param name="Target">Of the ratio.</param>
/// <param name="AtMost">True when the ratio must not be above the target, false when not below it.</param>
/// <param name="Rounds">What the median was taken of.</param>
/// <param name="PeerRounds">The peer's.</param>
internal sealed record BenchRow(
    string Name, string Unit, double Value, string Peer, double PeerValue, double Target, bool AtMost, IReadOnlyList<double> Rounds, IReadOnlyList<double> PeerRounds)
{
    /// <summary>Where the time went, a line each; none when it was not watched.</summary>
    public IReadOnlyList<string> Profile { get; init; } = [];

    public double Ratio => Value / PeerValue;

    public bool Met => AtMost ? Ratio <= Target : Ratio >= Target;

    /// <summary>More is better.</summary>
    public static BenchRow AtLeast(double target, string name, IReadOnlyList<double> rounds, string peer, IReadOnlyList<double> peerRounds, string unit) =>
        new(name, unit, Median(rounds), peer, Median(peerRounds), target, AtMost: false, rounds, peerRounds);

    /// <summary>Less is better.</summary>
    public static BenchRow NoMoreThan(double target, string name, IReadOnlyList<double> rounds, string peer, IReadOnlyList<double> peerRounds, string unit) =>
        new(name, unit, Median(rounds), peer, Median(peerRounds), target, AtMost: true, rounds, peerRounds);

    /// <summary>The middle one, or between the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>How much is measured.</summary>
/// <param name="Quick">Less of everything.</param>
/// <param name="Rounds">How often each figure is taken.</param>
/// <param name="Time">How long each time.</param>
/// <param name="Stored">Events that are stored before intake is measured on top of them.</param>
internal sealed record BenchSettings(bool Quick, int Rounds, TimeSpan Time, long Stored);
