using Hangfire;
using Portal.Domain.Data;
using Portal.Jobs;
using Portal.Web.Access;

namespace Portal.Web.Hosting;

/// <summary>The jobs in the web's process, and their dashboard.</summary>
public static class JobsInWeb
{
    /// <summary>Path of the dashboard, for operators only.</summary>
    public const string Dashboard = "/console/jobs";

    /// <summary>Registers the jobs; they run here unless <c>Portal:Jobs:InWeb</c> is false.</summary>
    public static async Task AddPortalJobsAsync(this WebApplicationBuilder builder, ConfiguredDatabase database)
    {
        ArgumentNullException.ThrowIfNull(builder);
        await builder.AddJobClientAsync(database);
        if (builder.Configuration.GetValue("Portal:Jobs:InWeb", true)) builder.AddJobServer();
    }

    /// <summary>Maps the dashboard; the policy is the only one at the door.</summary>
    public static WebApplication MapPortalJobs(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapHangfireDashboardWithAuthorizationPolicy(Policies.Operator, Dashboard, new DashboardOptions
        {
            DashboardTitle = "Portal jobs",
            AppPath = "/console",
            DisplayStorageConnectionString = false,
        });
        return app;
    }
}
