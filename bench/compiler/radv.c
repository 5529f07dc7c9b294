// Compiles SPIR-V compute shaders with RADV, Mesa's Vulkan driver for AMD GPUs, for a GPU that is not there, and prints
// what its compiler counts in the machine code: one line of JSON per file.
//
//   RADV_FORCE_FAMILY=navi31 VK_DRIVER_FILES=…/radeon_icd.json radv FILE.spv BINDINGS [FILE.spv BINDINGS …]
//
// BINDINGS: numbers of the buffers of set 0, comma-separated; a u follows that of a uniform buffer.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

static void check(VkResult result, const char *what) {
  if (result >= 0) return;
  fprintf(stderr, "%s: VkResult %d\n", what, result);
  exit(1);
}

static uint32_t *read_words(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file) { perror(path); exit(1); }
  fseek(file, 0, SEEK_END);
  *bytes = ftell(file);
  rewind(file);
  uint32_t *words = malloc(*bytes);
  if (fread(words, 1, *bytes, file) != *bytes) { perror(path); exit(1); }
  fclose(file);
  return words;
}

static VkPipelineLayout make_layout(VkDevice device, char *bindings) {
  VkDescriptorSetLayoutBinding list[32];
  uint32_t count = 0;
  for (char *word = strtok(bindings, ","); word && count < 32; word = strtok(NULL, ",")) {
    int uniform = strchr(word, 'u') != NULL;
    list[count++] = (VkDescriptorSetLayoutBinding){
      .binding = atoi(word),
      .descriptorType = uniform ? VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = 1, .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT };
  }
  VkDescriptorSetLayout set;
  VkPipelineLayout layout;
  check(vkCreateDescriptorSetLayout(device, &(VkDescriptorSetLayoutCreateInfo){
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = count, .pBindings = list }, NULL, &set), "set");
  check(vkCreatePipelineLayout(device, &(VkPipelineLayoutCreateInfo){
    .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1, .pSetLayouts = &set }, NULL, &layout), "layout");
  return layout;
}

static void report(VkDevice device, const char *path, char *bindings) {
  size_t bytes;
  uint32_t *words = read_words(path, &bytes);
  VkShaderModule module;
  check(vkCreateShaderModule(device, &(VkShaderModuleCreateInfo){
    .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = bytes, .pCode = words }, NULL, &module), path);
  VkPipeline pipeline;
  check(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &(VkComputePipelineCreateInfo){
    .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
    .flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR,
    .stage = { .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
               .module = module, .pName = "dawn_entry_point" }, // Dawn's name for main
    .layout = make_layout(device, bindings) }, NULL, &pipeline), path);

  PFN_vkGetPipelineExecutablePropertiesKHR properties =
    (PFN_vkGetPipelineExecutablePropertiesKHR)vkGetDeviceProcAddr(device, "vkGetPipelineExecutablePropertiesKHR");
  PFN_vkGetPipelineExecutableStatisticsKHR statistics =
    (PFN_vkGetPipelineExecutableStatisticsKHR)vkGetDeviceProcAddr(device, "vkGetPipelineExecutableStatisticsKHR");
  uint32_t count = 1;
  VkPipelineExecutablePropertiesKHR executable = { .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR };
  check(properties(device, &(VkPipelineInfoKHR){
    .sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = pipeline }, &count, &executable), "executables");
  printf("{\"Subgroup size\":%u", executable.subgroupSize);
  VkPipelineExecutableInfoKHR info = { .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline };
  VkPipelineExecutableStatisticKHR list[64];
  count = 64;
  for (int i = 0; i < 64; i++) list[i] = (VkPipelineExecutableStatisticKHR){ .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR };
  check(statistics(device, &info, &count, list), "statistics");
  for (uint32_t i = 0; i < count; i++) {
    if (list[i].format != VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR) continue;
    printf(",\"%s\":%llu", list[i].name, (unsigned long long)list[i].value.u64);
  }
  printf("}\n");
  vkDestroyPipeline(device, pipeline, NULL);
  free(words);
}

int main(int argc, char **argv) {
  VkInstance instance;
  check(vkCreateInstance(&(VkInstanceCreateInfo){ .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pApplicationInfo = &(VkApplicationInfo){ .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_3 } },
    NULL, &instance), "instance");
  uint32_t count = 1;
  VkPhysicalDevice gpu;
  check(vkEnumeratePhysicalDevices(instance, &count, &gpu), "devices");
  if (count == 0) { fprintf(stderr, "RADV has no such device\n"); return 1; }
  // Everything the driver can do: shaders come from Dawn and use the Vulkan memory model, perhaps f16 and subgroups.
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executable = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR };
  VkPhysicalDeviceVulkan13Features v13 = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, .pNext = &executable };
  VkPhysicalDeviceVulkan12Features v12 = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &v13 };
  VkPhysicalDeviceVulkan11Features v11 = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &v12 };
  VkPhysicalDeviceFeatures2 features = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &v11 };
  vkGetPhysicalDeviceFeatures2(gpu, &features);
  const char *extensions[] = { VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME };
  float priority = 1;
  VkDevice device;
  check(vkCreateDevice(gpu, &(VkDeviceCreateInfo){ .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &features,
    .queueCreateInfoCount = 1,
    .pQueueCreateInfos = &(VkDeviceQueueCreateInfo){
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority },
    .enabledExtensionCount = 1, .ppEnabledExtensionNames = extensions }, NULL, &device), "device");
  for (int i = 1; i + 1 < argc; i += 2) report(device, argv[i], argv[i + 1]);
  return 0;
}
