using Portal.Domain.Wallet;

namespace Portal.Web.Components.ConsolePages.Work;

/// <summary>What people read of a run.</summary>
internal static class RunText
{
    public static string State(DueRun run) => run switch
    {
        { FinishedAt: null } => "Running",
        { Failed: > 0 } => "Done, with failures",
        _ => "Done",
    };

    public static string Badge(DueRun run) => run switch
    {
        { FinishedAt: null } => "badge-warning",
        { Failed: > 0 } => "badge-bad",
        _ => "badge-good",
    };
}
