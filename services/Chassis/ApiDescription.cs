using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace BloodPlatform.Chassis;

/// <summary>The OpenAPI description at /openapi/{service}.json, checked in under docs/openapi: its diff is the API review.</summary>
internal static class ApiDescription
{
    public static void AddApiDescription(this IServiceCollection services, ServiceDefinition service)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(swagger =>
        {
            swagger.SwaggerDoc(service.Name, new OpenApiInfo { Title = $"Blood platform: {service.Name}", Version = "v1" });
            swagger.SupportNonNullableReferenceTypes();
            swagger.CustomSchemaIds(type => type.FullName!.Split('.')[^1].Replace('+', '.').Split('`')[0] + string.Concat(type.GenericTypeArguments.Select(a => "Of" + a.Name)));
            swagger.AddSecurityDefinition("bearer", new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT", Description = "POST /oauth/token" });
            foreach (var xml in Directory.EnumerateFiles(AppContext.BaseDirectory, service.Assembly.GetName().Name + ".xml")) swagger.IncludeXmlComments(xml);
        });
    }

    public static void MapApiDescription(this IEndpointRouteBuilder app, ServiceDefinition service) =>
        app.MapSwagger("/openapi/{documentName}.json").Public();
}
