using Portal.Domain;
using Portal.Jobs;
using Portal.Web.Api;
using Portal.Web.Hosting;
using Portal.Web.Hosting.Seed;

if (args is ["migrate", .. var rest]) return await DatabaseHosting.MigrateAsync(rest);

var builder = WebApplication.CreateBuilder(args);
builder.AddPortalSettings();
await using var database = await builder.AddDatabaseAsync();
if (database is null) return 1;
builder.AddPortalOperations();
builder.Services.AddPortalDomain().AddPortalBackground();
builder.AddPortalPayments();
builder.AddWebhooks();
await builder.AddPortalJobsAsync(database);
builder.AddPortalApi();
builder.AddPortalUi();
builder.AddPortalSeed();

var app = builder.Build();
app.UsePortalPayments();
app.MapPortalApi();
app.MapPortalUi();
app.MapPortalJobs();
app.MapPortalOperations();
await app.RunAsync();
return 0;

// Named so that tests can start the host. Without an XML comment: the generator of the OpenAPI document would list it twice and fail.
public partial class Program;
