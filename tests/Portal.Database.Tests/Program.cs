using Portal.Database.Tests.Crash;
using Portal.Database.Tests.Server;
using Portal.Database.Tests.Webhooks;

namespace Portal.Database.Tests;

/// <summary>This assembly as a program: the second process that tests start in order to kill it.</summary>
internal static class Program
{
    /// <summary><c>dotnet Portal.Database.Tests.dll FOLDER</c>, <c>… crash CONNECTION TENANT SEED</c> <c>… rerate CONNECTION</c>, <c>… due CONNECTION</c> or <c>… send CONNECTION</c>.</summary>
    public static Task Main(string[] args) => args switch
    {
        ["crash", ..] => CrashWorker.RunAsync(args[1..]),
        ["send", var connection] => SendWorker.RunAsync(connection),
        ["due", var connection] => DueWorker.RunAsync(connection),
        ["rerate", var connection] => RerateWorker.RunAsync(connection),
        _ => Holder.HoldAsync(args[0]),
    };
}
