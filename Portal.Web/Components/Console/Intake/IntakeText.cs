namespace Portal.Web.Components.ConsolePages.Intake;

/// <summary>What became of usage, in words, and where the pages of the intake are.</summary>
public static class IntakeText
{
    /// <summary>The page.</summary>
    public const string Path = "/console/intake";

    /// <summary>What it answers as a file.</summary>
    public const string CsvPath = "/console/intake.csv";

    /// <summary>What can be looked at beside the usage that waits for a price, and what people call it.</summary>
    public static readonly IReadOnlyList<(string Fate, string Text)> Remarks = [("rejected", "Rejected"), ("conflict", "Conflicts"), ("duplicate", "Duplicates"), ("late", "Late")];

    /// <summary>The fate that an address asks for; rejected where it makes no sense.</summary>
    public static string FateOf(string? asked) => Remarks.Any(one => one.Fate == asked) ? asked! : "rejected";

    /// <summary>The page of an event.</summary>
    public static string EventPath(string publicId) => $"{Path}/events/{publicId}";

    /// <summary>What a fate means.</summary>
    public static string Meaning(string fate) => fate switch
    {
        "rejected" => "Refused with the reason in the answer. Nothing of it was kept; the sender has to correct it and send it again.",
        "conflict" => "The id of an earlier event with another body. The first stands. The sender uses ids twice, or changes what was sent.",
        "duplicate" => "Sent again with the same body, as after a lost answer. Nothing was counted twice.",
        "late" => "Taken more than a day after it happened. It is priced by the prices of its time, and on the next invoice where its period is invoiced.",
        _ => "",
    };

    /// <summary>That there is none of it.</summary>
    public static string None(string fate) => fate switch
    {
        "rejected" => "Nothing was rejected in the last 24 hours",
        "conflict" => "No ids were used twice in the last 24 hours",
        "duplicate" => "Nothing was sent twice in the last 24 hours",
        _ => "Nothing came late in the last 24 hours",
    };

    /// <summary>Why an event was refused.</summary>
    public static string Why(string code) => code switch
    {
        "" => "",
        "unknown_tenant" => "No such tenant",
        "unknown_pool" => "No such pool",
        "event_too_old" => "Older than is accepted",
        "event_in_future" => "More than five minutes ahead",
        "reserved_source" => "The source is the engine's own",
        _ => code.Replace('_', ' '),
    };
}
