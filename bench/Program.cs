using Portal.Bench;
using Portal.Bench.Replay;
using Portal.Bench.Running;

return args switch
{
    ["replay", .. var rest] => await ReplayCommand.RunAsync(new Arguments(rest)),
    _ => await BenchCommand.RunAsync(new Arguments(args)),
};
