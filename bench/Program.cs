using Portal.Bench;
using Portal.Bench.Intake;
using Portal.Bench.Replay;

return args switch
{
    ["replay", .. var rest] => await ReplayCommand.RunAsync(new Arguments(rest)),
    _ => await BenchCommand.RunAsync(new Arguments(args)),
};
